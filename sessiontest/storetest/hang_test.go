package storetest_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/storetest"
)

// hangs are stores with a call that does not return, and the rule in which that is.
var hangs = map[string]struct {
	bubble bool
	make   func(*flawed)
	rule   string
	shows  string // of the failure
}{
	"a lock":                   {false, locked, "save-conflict", "Save has not returned for 500ms"},
	"a lock in a bubble":       {true, locked, "save-conflict", "Save has not returned for 500ms"},
	"a lock of calls at once":  {false, locked, "race-save", "Save has not returned for 500ms"},
	"a wait in a bubble":       {true, waiting, "save-conflict", "all goroutines in bubble are blocked; under way: Save"},
	"a wait for the test":      {false, waiting, "save-conflict", "Save has not returned for 500ms"},
	"a loop":                   {false, looping, "save-conflict", "Save has not returned for 500ms"},
	"a panic":                  {false, panicking, "save-conflict", "the store panics: a conflict"},
	"an iteration in a bubble": {true, func(f *flawed) { f.byOwner = endless }, "context-by-owner", "ByOwner has not returned for 500ms"},
}

// atConflict makes Save do something before it refuses a record.
func (f *flawed) atConflict(do func(context.Context)) {
	f.save = func(ctx context.Context, rec *record) error {
		err := f.right.Save(ctx, rec)
		if err == session.ErrConflict {
			do(ctx)
		}
		return err
	}
}

// locked takes a lock again that it has.
func locked(f *flawed) {
	var mu sync.Mutex
	f.atConflict(func(context.Context) { mu.Lock(); mu.Lock() })
}

func waiting(f *flawed) {
	f.atConflict(func(ctx context.Context) { <-ctx.Done() })
}

func looping(f *flawed) {
	f.atConflict(func(ctx context.Context) {
		for ctx.Err() == nil {
			runtime.Gosched()
		}
	})
}

func panicking(f *flawed) {
	f.atConflict(func(context.Context) { panic("a conflict") })
}

// endless lists again and again, as long as there is an error.
func endless(context.Context, string) records {
	return func(func(record, error) bool) {
		for {
			runtime.Gosched()
		}
	}
}

// TestHanging runs the suite on a store that hangs, in a child process.
func TestHanging(t *testing.T) {
	hang, ok := hangs[os.Getenv(inChild)]
	if !ok {
		t.Skip("run by TestSuiteTellsOfHangs")
	}
	o := &storetest.Options{Bubble: hang.bubble, CallTimeout: 500 * time.Millisecond}
	storetest.Run(t, func(*testing.T) session.Store[profile] { return newFlawed(hang.make) }, o)
}

// TestSuiteTellsOfHangs checks that a call that does not return fails the rule that
// makes it, and that the process ends soon, in good order.
func TestSuiteTellsOfHangs(t *testing.T) {
	for name, hang := range hangs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.timeout=2m", "-test.parallel=2", "-test.run=^TestHanging$/^("+hang.rule+"|save-absent)$")
			child.Env = append(os.Environ(), inChild+"="+name)
			text, err := child.CombinedOutput()
			output := string(text)
			next := "TestHanging/save-absent "
			if strings.HasPrefix(hang.rule, "race-") { // which comes first
				next = "--- SKIP: TestHanging/save-absent "
			}
			for _, want := range []string{"--- FAIL: TestHanging/" + hang.rule + " ", hang.shows, "The rule: ", "storetest_test.", next} {
				if !strings.Contains(output, want) {
					t.Errorf("the output has no %q", want)
				}
			}
			if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 1 || strings.Contains(output, "panic: test timed out") {
				t.Errorf("the process ended with %v", err)
			}
			if t.Failed() {
				t.Log(output)
			}
		})
	}
}

// TestLateReturn checks that a call that returns after its rule was given up harms
// nothing.
func TestLateReturn(t *testing.T) {
	for _, bubble := range []bool{false, true} {
		name := map[bool]string{false: "late", true: "late in a bubble"}[bubble]
		if os.Getenv(inChild) == name {
			returnLate(t, bubble)
		} else if os.Getenv(inChild) == "" {
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.timeout=2m", "-test.run=^TestLateReturn$/^(suite|after)$/^save-creates$")
			child.Env = append(os.Environ(), inChild+"="+name)
			output, _ := child.CombinedOutput()
			if !strings.Contains(string(output), "--- FAIL: TestLateReturn/suite/save-creates ") || !strings.Contains(string(output), "--- PASS: TestLateReturn/after ") {
				t.Errorf("%s:\n%s", name, output)
			}
		}
	}
}

func returnLate(t *testing.T, bubble bool) {
	var mu sync.Mutex
	mu.Lock()
	stuck := func(f *flawed) {
		f.save = func(context.Context, *record) error { mu.Lock(); return errors.New("late") }
	}
	t.Run("suite", func(t *testing.T) {
		o := &storetest.Options{Bubble: bubble, CallTimeout: 500 * time.Millisecond}
		storetest.Run(t, func(*testing.T) session.Store[profile] { return newFlawed(stuck) }, o)
	})
	t.Run("after", func(*testing.T) {
		mu.Unlock()
		for all := make([]byte, 1<<20); strings.Contains(string(all[:runtime.Stack(all, true)]), "storetest.(*suite)"); {
			runtime.Gosched()
		}
	})
}
