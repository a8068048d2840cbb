package session_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// A slowStore takes a random time before and after each call, and fails some
// calls, before they happen or after.
type slowStore struct {
	*memstore.Store[state]
	mu     sync.Mutex
	rand   *rand.Rand
	faults int // one call in so many fails; none if zero
}

func (s *slowStore) intN(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rand.IntN(n)
}

func (s *slowStore) call(do func() error) error {
	time.Sleep(time.Duration(s.intN(20)) * time.Millisecond)
	fault := -1
	if s.faults > 0 {
		fault = s.intN(2 * s.faults)
	}
	if fault == 0 {
		return errDown
	}
	err := do()
	time.Sleep(time.Duration(s.intN(20)) * time.Millisecond)
	if fault == 1 {
		return errDown
	}
	return err
}

func (s *slowStore) Load(ctx context.Context, id session.ID) (rec session.Record[state], err error) {
	err = s.call(func() error { rec, err = s.Store.Load(ctx, id); return err })
	return rec, err
}

func (s *slowStore) Save(ctx context.Context, rec *session.Record[state]) error {
	kept := *rec
	err := s.call(func() error { return s.Store.Save(ctx, &kept) })
	if err == nil {
		*rec = kept
	}
	return err
}

func (s *slowStore) Touch(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
	return s.call(func() error { return s.Store.Touch(ctx, id, rev, expires) })
}

func (s *slowStore) Delete(ctx context.Context, id session.ID, rev session.Revision) error {
	return s.call(func() error { return s.Store.Delete(ctx, id, rev) })
}

func (s *slowStore) Exists(ctx context.Context, id session.ID) (ok bool, err error) {
	err = s.call(func() error { ok, err = s.Store.Exists(ctx, id); return err })
	return ok, err
}

// A lock is a mutex with which time goes on in a bubble while somebody waits for it.
type lock chan struct{}

func (l lock) Lock()   { l <- struct{}{} }
func (l lock) Unlock() { <-l }

// A visitor is one session that several goroutines use. It knows the fate of the notes
// that they add.
type visitor struct {
	*session.Session[state]
	mu      lock
	drops   int      // how often Discard or Destroy was called
	pending []string // added, and neither dropped nor acknowledged
	acked   []string // saved
	dying   []string // in a session that was destroyed
	dead    []string // in a session whose end was acknowledged
	tokens  []session.Token
}

func (v *visitor) note(text string) {
	v.mu.Lock()
	drops := v.drops
	v.mu.Unlock()
	v.Update(func(s *state) {
		time.Sleep(time.Duration(len(s.Notes)%7) * time.Millisecond) // some edits are slow
		s.Notes = append(s.Notes, text)
	})
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.drops == drops { // else it may have been dropped
		v.pending = append(v.pending, text)
	}
}

func (v *visitor) discard() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.Discard()
	v.drops, v.pending = v.drops+1, nil
}

func (v *visitor) destroy() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.Destroy()
	v.drops, v.dying = v.drops+1, slices.Concat(v.dying, v.acked, v.pending)
	v.acked, v.pending = nil, nil
}

func (v *visitor) commit() error {
	v.mu.Lock()
	covered, dying := slices.Clone(v.pending), slices.Clone(v.dying)
	v.mu.Unlock()
	err := v.Commit(context.Background())
	v.mu.Lock()
	defer v.mu.Unlock()
	token, _ := v.Token()
	v.tokens = append(v.tokens, token)
	if err == nil {
		v.dead = append(v.dead, dying...)
		v.pending = slices.DeleteFunc(v.pending, func(note string) bool {
			saved := slices.Contains(covered, note)
			if saved {
				v.acked = append(v.acked, note)
			}
			return saved
		})
	}
	return err
}

// wantNotes checks that a value has each acknowledged note, and none twice.
func wantNotes(t *testing.T, seed uint64, got []string, acked []string) {
	t.Helper()
	for _, note := range acked {
		if !slices.Contains(got, note) {
			t.Errorf("seed %d: %s was acknowledged and is lost", seed, note)
		}
	}
	sorted := slices.Sorted(slices.Values(got))
	if len(slices.Compact(sorted)) != len(got) {
		t.Errorf("seed %d: a note is there twice: %v", seed, got)
	}
}

// TestRandomHistories lets goroutines edit and commit sessions of the same record, with
// edits at every point of a commit, and checks that nothing acknowledged is lost
// and nothing is there twice.
func TestRandomHistories(t *testing.T) {
	for name, test := range map[string]struct {
		visits, faults int
		acts           []string
	}{
		"of one session":               {1, 0, []string{"note", "note", "commit"}},
		"with faults":                  {1, 6, []string{"note", "note", "commit"}},
		"of two sessions":              {2, 0, []string{"note", "note", "commit"}},
		"of three sessions and faults": {3, 10, []string{"note", "note", "commit"}},
		"with renewals":                {1, 0, []string{"note", "note", "commit", "renew", "log in"}},
		"with renewals and faults":     {1, 6, []string{"note", "note", "commit", "renew", "log in", "deadline"}},
		"with renewals by one of two":  {2, 0, []string{"note", "note", "commit", "renew"}},
		"with Discard":                 {2, 0, []string{"note", "note", "note", "commit", "discard"}},
		"with Discard and faults":      {1, 6, []string{"note", "note", "note", "commit", "discard", "renew", "log in"}},
		"with log-outs":                {1, 0, []string{"note", "note", "commit", "commit", "renew", "destroy"}},
		"with log-outs by one of two":  {2, 0, []string{"note", "note", "commit", "commit", "renew", "destroy"}},
		"with log-outs and faults":     {1, 6, []string{"note", "note", "commit", "commit", "renew", "log in", "destroy", "end"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(histories()) {
				synctest.Test(t, func(t *testing.T) {
					randomUse(t, seed, test.visits, test.faults, test.acts)
				})
				if t.Failed() {
					return
				}
			}
		})
	}
}

// histories is how many of each kind there are.
func histories() int {
	if os.Getenv("SESSIONS_EXHAUSTIVE") == "1" {
		return 5000
	}
	return 100
}

func randomUse(t *testing.T, seed uint64, visits, faults int, acts []string) {
	store := &slowStore{Store: memstore.New[state](nil), rand: rand.New(rand.NewPCG(seed, 0))}
	s := session.New[state](store, nil)
	s.Set(state{Count: 1})
	commitNow(s)
	token := tokenOf(s)
	all := make([]*visitor, visits)
	for i := range all {
		all[i] = &visitor{Session: load(t, store, token), mu: make(lock, 1)}
	}
	store.faults = faults
	var wg sync.WaitGroup
	for i, v := range all {
		for j := range 3 {
			r := rand.New(rand.NewPCG(seed, uint64(10*i+j+1)))
			wg.Go(func() {
				for k := range 8 {
					time.Sleep(time.Duration(r.IntN(30)) * time.Millisecond)
					switch acts[r.IntN(len(acts))] {
					case "note":
						v.note(fmt.Sprintf("%d.%d.%d", i, j, k))
					case "commit":
						v.commit()
					case "renew":
						if i == visits-1 {
							v.Renew()
						}
					case "destroy":
						if i == 0 {
							v.destroy()
						}
					case "discard":
						v.discard()
					case "end":
						v.SetDeadline(time.Time{})
					case "log in":
						v.LogIn(func(s *state) { s.User = "ada" })
					case "deadline":
						v.SetDeadline(time.Now().Add(time.Duration(1+r.IntN(100)) * time.Hour))
					}
				}
			})
		}
	}
	wg.Wait()
	store.faults = 0
	destroyed := false
	for i, v := range all {
		err := v.commit()
		if errors.Is(err, session.ErrUnavailable) && faults > 0 {
			continue // the outcome of an earlier attempt stays unknown
		}
		if err != nil && !errors.Is(err, session.ErrGone) {
			t.Errorf("seed %d: session %d ends with %v", seed, i, err)
		}
		if errors.Is(err, session.ErrGone) && visits == 1 && faults == 0 {
			t.Errorf("seed %d: nothing was in the way of the session", seed)
		}
		own, ok := v.Token()
		reached := load(t, store, own)
		ended := reached.Gone() || visits > 1 && reached.IsNew() || slices.Contains(acts, "end")
		if err == nil && ok && !ended {
			got := reached.Value().Notes
			unknown := faults > 0 && v.drops > 0    // what was dropped may have been saved
			if !unknown || own.ID() == token.ID() { // else a renewal that was dropped had ended the token, and a log-in began anew
				wantNotes(t, seed, got, v.acked)
			}
			if inside := v.Value().Notes; visits == 1 && !unknown && strings.Join(inside, " ") != strings.Join(got, " ") {
				t.Errorf("seed %d: the session has %v, the store %v", seed, inside, got)
			}
		}
		for _, token := range v.tokens {
			for _, note := range load(t, store, token).Value().Notes {
				if slices.Contains(v.dead, note) {
					t.Errorf("seed %d: %s is back, of a session that was ended", seed, note)
				}
			}
		}
		destroyed = destroyed || slices.Contains(acts, "destroy")
	}
	n := 0
	for rec := range store.All(t.Context()) {
		n++
		for _, v := range all {
			if faults == 0 && !destroyed {
				wantNotes(t, seed, rec.Value.Notes, v.acked)
			}
			if slices.ContainsFunc(rec.Value.Notes, func(note string) bool { return slices.Contains(v.dead, note) }) && faults == 0 {
				t.Errorf("seed %d: a session that was ended goes on", seed)
			}
		}
	}
	if n != 1 && faults == 0 && !destroyed {
		t.Errorf("seed %d: %d sessions", seed, n)
	}
}
