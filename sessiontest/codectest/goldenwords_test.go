package codectest_test

import (
	"testing"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/sessiontest/codectest"
)

type (
	rights struct {
		Read, Write bool
		Level       int
		Name        string
	}
	rightsExchanged struct {
		Write bool `msgpack:"Read"`
		Read  bool `msgpack:"Write"`
		Level int
		Name  string
	}
	rightsRenamed struct {
		Read, Write bool
		Rank        int `msgpack:"Level"`
		Name        string
	}
	rightsLost struct {
		Read, Write bool
		Rank        int
	}
)

func (rights) SessionType() string          { return "rights" }
func (rightsExchanged) SessionType() string { return "rights" }
func (rightsRenamed) SessionType() string   { return "rights" }
func (rightsLost) SessionType() string      { return "rights" }

// The report says in words what a stored session would become.
func TestGoldenInWords(t *testing.T) {
	t.Chdir(t.TempDir())
	golden(t, true, codec.MessagePack[rights](), rights{Read: true, Level: 7, Name: "ada"})

	complains(t, golden(t, false, codec.MessagePack[rightsExchanged](), rightsExchanged{Write: true, Level: 7, Name: "ada"}),
		"  Read would become Write\n", "  Write would become Read\n")
	complains(t, golden(t, false, codec.MessagePack[rightsRenamed](), rightsRenamed{Read: true, Rank: 7, Name: "ada"}),
		"  Level would become Rank\n")
	complains(t, golden(t, false, codec.MessagePack[rightsLost](), rightsLost{Read: true, Rank: 7}),
		"  Level was 7, and would be lost\n", "  Name was \"ada\", and would be lost\n")
}

func TestInWords(t *testing.T) {
	for _, test := range []struct{ before, now, want string }{
		{"A: 1\nB: 2\n", "A: 1\nB: 2\n", ""},
		{"A: 1\nB: 2\n", "A: 2\nB: 1\n", "  A and B would be exchanged\n"},
		{"A: 1\n", "A: 2\n", "  A was 1, and would become 2\n"},
		{"A: 1\r\nB: 2\r\n", "B: 2\n", "  A was 1, and would be lost\n"},
		{"B: 2\n", "A: 1\nB: 2\n", "  A would be 1, and was nothing\n"},
		{"A: 1\n", "B: 1\n", "  A would become B\n"},
		{"A: 1\nC: 1\n", "B: 1\nC: 1\n", "  A would become B\n"},
		{"A: 1\n", "B: 1\nC: 1\n", "  A was 1, and would be lost\n  B would be 1, and was nothing\n  C would be 1, and was nothing\n"},
		{"A: 1\nB: 2\nC: 3\n", "A: 2\nB: 3\nC: 1\n", "  A was 1, and would become 2\n  B was 2, and would become 3\n  C was 3, and would become 1\n"},
		{"A: x\ny: z", "A: x\n", "  y was z, and would be lost\n"},
		{"A: x\nmore\n", "A: x\n", "  A was x\nmore, and would become x\n"},
		{"", "", ""},
	} {
		if got := codectest.InWords(test.before, test.now); got != test.want {
			t.Errorf("%q to %q:\n%s, not\n%s", test.before, test.now, got, test.want)
		}
	}
}
