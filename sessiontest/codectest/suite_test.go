package codectest_test

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/sessiontest/codectest"
)

func TestCodecs(t *testing.T) {
	for name, c := range everyCodec[sample](t) {
		t.Run(name, func(t *testing.T) { codectest.Run(t, c) })
	}
}

// Values of any type will do.
func TestCodecsOfOtherTypes(t *testing.T) {
	type tagged struct {
		Note  []string `msgpack:",omitempty" json:",omitempty"`
		Cache []string `msgpack:"-" json:"-"`
		When  *time.Time
		Days  map[string][]time.Time
	}
	when := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	testAll(t, tagged{}, tagged{Note: []string{"x"}, When: &when, Days: map[string][]time.Time{"a": {when}}})
	testAll(t, "", "text")
	testAll(t, 0, -7, 1234)
	testAll(t, []byte(nil), []byte("text"))
	testAll(t, map[string]int{"a": 1})
	testAll(t, &sample{Name: "ann"})
}

func testAll[T any](t *testing.T, values ...T) {
	for name, c := range everyCodec[T](t) {
		t.Run(name, func(t *testing.T) { codectest.Run(t, c, values...) })
	}
}

func everyCodec[T any](t *testing.T) map[string]codec.Codec[T] {
	t.Helper()
	sealed, err := codec.Sealed(codec.MessagePack[T](), bytes.Repeat([]byte{1}, codec.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	versioned, err := codec.Versioned(2, codec.MessagePack[T](), codec.From(0, codec.JSON[T](), codec.Same))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]codec.Codec[T]{"MessagePack": codec.MessagePack[T](), "JSON": codec.JSON[T](), "Sealed": sealed, "Versioned": versioned}
}

// TestFlawedCodec runs the suite on codecs that must not pass, in a child process.
func TestFlawedCodec(t *testing.T) {
	if os.Getenv(inChild) == "" {
		t.Skip("run by TestCodecSuiteTells")
	}
	for _, fl := range codecFlaws {
		t.Run(slug(fl.name), func(t *testing.T) { codectest.Run(t, newFlawedCodec(fl.make)) })
	}
	t.Run("none", func(t *testing.T) { codectest.Run(t, newFlawedCodec(func(*flawedCodec) {})) })
}

// TestCodecSuiteTells checks that the suite fails for every flaw under the rules
// that name it, and that no rule is idle.
func TestCodecSuiteTells(t *testing.T) {
	output := runFlawedCodec(t, "none", "")
	idle := regexp.MustCompile(`(?m)^ +--- (PASS|FAIL): TestFlawedCodec/none/(\S+)`).FindAllStringSubmatch(output, -1)
	if len(idle) == 0 || strings.Contains(output, "--- FAIL") {
		t.Fatalf("the suite fails for a codec that is right:\n%s", output)
	}
	for _, fl := range codecFlaws {
		for rule := range strings.FieldsSeq(fl.rules) {
			idle = slices.DeleteFunc(idle, func(match []string) bool { return match[2] == rule })
		}
		t.Run(slug(fl.name), func(t *testing.T) { checkCodecTold(t, fl) })
	}
	for _, match := range idle {
		t.Errorf("no flaw breaks the rule %s", match[2])
	}
}

func checkCodecTold(t *testing.T, fl codecFlaw) {
	output := runFlawedCodec(t, slug(fl.name), strings.Join(strings.Fields(fl.rules), "|"))
	for rule := range strings.FieldsSeq(fl.rules) {
		if !strings.Contains(output, "--- FAIL: TestFlawedCodec/"+slug(fl.name)+"/"+rule+" ") {
			t.Errorf("the rule %s did not tell", rule)
		}
	}
	if !strings.Contains(output, "The rule: ") {
		t.Error("no rule was quoted")
	}
	if t.Failed() {
		t.Log(output)
	}
}

// runFlawedCodec runs the suite for one flaw in a child process.
func runFlawedCodec(t *testing.T, name, rules string) (output string) {
	pattern := "^TestFlawedCodec$/^" + regexp.QuoteMeta(name) + "$"
	if rules != "" {
		pattern += "/^(" + rules + ")$"
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.timeout=1m", "-test.run="+pattern)
	child.Env = append(os.Environ(), inChild+"=1")
	text, _ := child.CombinedOutput() // that the suite fails is what is wanted
	return string(text)
}
