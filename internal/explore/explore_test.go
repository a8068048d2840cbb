package explore_test

import (
	"slices"
	"testing"

	"github.com/seed48429006/sessions/internal/explore"
)

// run chooses one of three, and then of two unless it took the second.
func run(e *explore.Explorer) (taken []int) {
	first := e.Choose(3)
	taken = append(taken, first)
	if first != 1 {
		taken = append(taken, e.Choose(2))
	}
	e.Choose(1) // no choice at all
	return taken
}

func TestExplorer(t *testing.T) {
	want := []string{"0.0", "0.1", "1", "2.0", "2.1"}
	var got []string
	var e explore.Explorer
	for more := true; more; more = e.Next() {
		taken := run(&e)
		got = append(got, e.String())
		again, err := explore.Parse(e.String())
		if err != nil {
			t.Fatal(err)
		}
		if same := run(again); !slices.Equal(same, taken) || again.Diverged {
			t.Errorf("%s was %v, and is %v", e.String(), taken, same)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("runs %v, want %v", got, want)
	}
	if text := new(explore.Explorer).String(); text != "0" {
		t.Errorf("no choices are %q", text)
	}
}

func TestExplorerDiverges(t *testing.T) {
	var e explore.Explorer
	e.Choose(2)
	e.Next()
	if e.Choose(3); !e.Diverged {
		t.Error("another number of possibilities went unnoticed")
	}
	parsed, err := explore.Parse("2")
	if err != nil {
		t.Fatal(err)
	}
	if parsed.Choose(2); !parsed.Diverged {
		t.Error("a choice that there is not went unnoticed")
	}
	for _, text := range []string{"", "a", "1.", "-1"} {
		if _, err := explore.Parse(text); err == nil {
			t.Errorf("%q is a list of choices", text)
		}
	}
}
