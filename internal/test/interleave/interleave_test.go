package interleave_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/seed48429006/sessions/internal/test/interleave"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

type user struct {
	Name string
	Tags []string
}

func (u user) SessionOwner() string { return u.Name }

type others = []func(context.Context, session.Store[user]) error

type requests = []func(*session.Session[user])

func tag(name string) func(*session.Session[user]) {
	return func(s *session.Session[user]) { s.Update(func(u *user) { u.Tags = append(u.Tags, name) }) }
}

func readOnly(*session.Session[user]) {}

// orders runs requests and counts the orders of their steps, each as the actors that
// took them: "0110".
func orders(t *testing.T, o interleave.Overlap[user]) map[string]int {
	t.Helper()
	counts := map[string]int{}
	o.Run(t, func(tb testing.TB, out interleave.Outcome[user]) {
		var b strings.Builder
		for _, s := range out.Steps {
			b.WriteString(string(rune('0' + s.Actor)))
		}
		counts[b.String()]++
	})
	return counts
}

func TestEveryOrderRunsOnce(t *testing.T) {
	ada := user{Name: "ada"}
	other := func(ctx context.Context, store session.Store[user]) error {
		for range 2 {
			store.Exists(ctx, session.ID{1})
		}
		return nil
	}
	tests := []struct {
		name    string
		overlap interleave.Overlap[user]
		want    int
	}{
		{"no request", interleave.Overlap[user]{Start: ada}, 1},
		{"one request", interleave.Overlap[user]{Start: ada, Handlers: requests{tag("a")}}, 1},
		{"three requests that read", interleave.Overlap[user]{Start: ada, Handlers: requests{readOnly, readOnly, readOnly}}, 6},
		{"two requests that touch", interleave.Overlap[user]{Start: ada, Handlers: requests{readOnly, readOnly}, Age: 10 * time.Minute}, 6},
		{"three others", interleave.Overlap[user]{Start: ada, Others: others{other, other, other}}, 90},
		{"two new sessions", interleave.Overlap[user]{Handlers: requests{tag("a"), tag("b")}}, 2},
		{"a request and an other", interleave.Overlap[user]{Start: ada, Handlers: requests{tag("a")}, Others: others{other}}, 6},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := orders(t, test.overlap)
			if len(got) != test.want {
				t.Errorf("%d orders, want %d: %v", len(got), test.want, got)
			}
			for order, times := range got {
				if times != 1 {
					t.Errorf("%s was run %d times", order, times)
				}
			}
		})
	}
}

func TestAConflictAddsOrders(t *testing.T) {
	got := orders(t, interleave.Overlap[user]{Start: user{Name: "ada"}, Handlers: requests{tag("a"), tag("b")}})
	for _, want := range []string{"0011", "010111", "011000", "100111", "101000", "1100"} {
		if got[want] != 1 {
			t.Errorf("the order %s was run %d times, of %v", want, got[want], got)
		}
	}
}

// Requests that were overtaken take turns: some of them wait for others.
func TestRequestsMayWaitForEachOther(t *testing.T) {
	n := 0
	interleave.Overlap[user]{Start: user{Name: "ada"}, Handlers: requests{tag("a"), tag("b"), tag("c")}}.Run(t, func(tb testing.TB, out interleave.Outcome[user]) {
		n++
		if rec, err := out.Load(out.Start); err != nil || len(rec.Value.Tags) != 3 {
			tb.Errorf("the tags are %q, %v", rec.Value.Tags, err)
		}
	})
	if n < 90 { // as many orders as three requests with two steps each have without conflicts
		t.Errorf("%d orders", n)
	}
}

func TestTheOutcomeIsThatOfTheOrder(t *testing.T) {
	interleave.Overlap[user]{Start: user{Name: "ada"}, Handlers: requests{tag("a"), (*session.Session[user]).Renew}}.Run(t, func(tb testing.TB, out interleave.Outcome[user]) {
		live := out.Live()
		if len(live) != 1 || len(out.Owned("ada")) != 1 || live[0].ID != out.Results[1].Token.ID() {
			tb.Errorf("%d live sessions", len(live))
		}
		if out.Opens(out.Start) || !out.Opens(out.Results[1].Token) {
			tb.Error("the old token still opens the session, or the new one does not")
		}
		if update := out.Results[0]; update.Done() != (len(live[0].Value.Tags) == 1) || update.Done() != update.Token.Equal(out.Start) {
			tb.Errorf("the update: %v", update.Err)
		}
		if out.First(0) > out.Last(0) || out.Steps[out.First(1)].Op != "Load" || out.First(2) != -1 || out.Last(2) != -1 {
			tb.Error("the steps are wrong")
		}
	})
}

func TestEachFaultIsInjectedAtEachStep(t *testing.T) {
	done, failed, died, stored := 0, 0, 0, 0
	interleave.Overlap[user]{
		Start:    user{Name: "ada"},
		Handlers: requests{tag("a")},
		Faults:   []interleave.Fault{interleave.Dies, interleave.Fails, interleave.LosesReply},
	}.Run(t, func(tb testing.TB, out interleave.Outcome[user]) {
		r := out.Results[0]
		switch {
		case r.Died:
			died++
		case r.Done():
			done++
		case errors.Is(r.Err, session.ErrUnavailable) && r.Token.IsZero():
			failed++
		}
		if rec, err := out.Load(out.Start); err != nil {
			tb.Error(err)
		} else if len(rec.Value.Tags) > 0 {
			stored++
		}
	})
	if done != 1 || died != 2 || failed != 4 || stored != 2 {
		t.Errorf("%d were done, %d died, %d failed, and %d are stored", done, died, failed, stored)
	}
}

// twoStep is a store whose Save takes two steps.
type twoStep struct{ *memstore.Store[user] }

func (h twoStep) Save(ctx context.Context, rec *session.Record[user]) error {
	if err := interleave.Part(ctx, "prepare", func() error { return nil }); err != nil {
		return err
	}
	return interleave.Part(ctx, "write", func() error { return h.Store.Save(ctx, rec) })
}

func TestPartsAreStepsIfFine(t *testing.T) {
	o := interleave.Overlap[user]{
		Handlers: requests{tag("a"), tag("b")},
		Store:    func() session.Store[user] { return twoStep{memstore.New[user](nil)} },
	}
	if got := orders(t, o); len(got) != 2 {
		t.Errorf("%d orders of calls: %v", len(got), got)
	}
	o.Fine = true
	if got := orders(t, o); len(got) != 6 {
		t.Errorf("%d orders of parts: %v", len(got), got)
	}
	if err := (twoStep{memstore.New[user](nil)}).Save(t.Context(), &session.Record[user]{}); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("without an Overlap: %v", err)
	}
}

// overwriting is a store whose Save does not compare revisions.
type overwriting struct{ *memstore.Store[user] }

func (s overwriting) Save(ctx context.Context, rec *session.Record[user]) error {
	if stored, err := s.Load(ctx, rec.ID); err == nil {
		rec.Revision = stored.Revision
	}
	return s.Store.Save(ctx, rec)
}

// failures are overlaps that must fail, with the texts that they must show.
var failures = map[string]struct {
	run   func(*testing.T)
	shows []string
}{
	"lost update": {
		func(t *testing.T) {
			interleave.Overlap[user]{
				Start:    user{Name: "ada"},
				Handlers: requests{tag("a"), tag("b")},
				Store:    func() session.Store[user] { return overwriting{memstore.New[user](nil)} },
			}.Run(t, func(tb testing.TB, out interleave.Outcome[user]) {
				if rec, _ := out.Load(out.Start); len(rec.Value.Tags) != 2 {
					tb.Errorf("left: %v", rec.Value.Tags)
				}
			})
		},
		[]string{"left: [b]", "1. request 0   Load A\n", "2. request 1   Load A\n", "3. request 0   Save A\n", "4. request 1   Save A\n",
			"request 1   succeeded, with the token of A"},
	},
	"check that calls Fatal": {
		func(t *testing.T) {
			interleave.Overlap[user]{Start: user{Name: "ada"}, Handlers: requests{tag("a")}}.Run(t, func(tb testing.TB, _ interleave.Outcome[user]) { tb.Fatal("no") })
		},
		[]string{"no\n", "2. request 0   Save A\n"},
	},
	"check that fails under a fault": {
		func(t *testing.T) {
			interleave.Overlap[user]{Handlers: requests{tag("a")}, Faults: []interleave.Fault{interleave.LosesReply}}.
				Run(t, func(tb testing.TB, out interleave.Outcome[user]) {
					if !out.Results[0].Done() {
						tb.Error("no")
					}
				})
		},
		[]string{"1. request 0   Save A: interleave: a fault", "request 0 is done, but its reply is lost at its step 1\n", "failed: session: store unavailable"},
	},
	"too many orders": {
		func(t *testing.T) {
			interleave.Overlap[user]{Handlers: requests{tag("a"), tag("b"), tag("c")}, MaxOrders: 5}.
				Run(t, func(testing.TB, interleave.Outcome[user]) {})
		},
		[]string{"there are more than 5 orders"},
	},
	"requests that wait for each other": {
		func(t *testing.T) {
			wait := func(context.Context, session.Store[user]) error { select {} }
			interleave.Overlap[user]{Others: others{wait}}.Run(t, func(testing.TB, interleave.Outcome[user]) {})
		},
		[]string{"the requests wait for each other"},
	},
	"handler that depends on chance": {
		func(t *testing.T) {
			n := 0
			byChance := func(s *session.Session[user]) {
				if n++; n%2 == 0 {
					tag("a")(s)
				}
			}
			interleave.Overlap[user]{Start: user{Name: "ada"}, Handlers: requests{byChance, byChance, byChance}}.Run(t, func(testing.TB, interleave.Outcome[user]) {})
		},
		[]string{"must not depend on chance"},
	},
}

func TestRunFails(t *testing.T) {
	const child = "SESSIONS_TEST_INTERLEAVE"
	if name := os.Getenv(child); name != "" {
		failures[name].run(t)
		return
	}
	for name, test := range failures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRunFails$")
			cmd.Env = append(os.Environ(), child+"="+name)
			out, err := cmd.CombinedOutput()
			if _, exited := errors.AsType[*exec.ExitError](err); !exited {
				t.Errorf("it did not fail: %v", err)
			}
			text := strings.Join(strings.Fields(string(out)), " ")
			for _, want := range test.shows {
				if !strings.Contains(text, strings.Join(strings.Fields(want), " ")) {
					t.Errorf("it does not show %q:\n%s", want, out)
				}
			}
		})
	}
}
