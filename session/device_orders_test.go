package session_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/seed48429006/sessions/internal/hooks"
	"github.com/seed48429006/sessions/internal/test/interleave"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// aKey stands for a device's public key. Package session does not look into it.
const aKey = "the device's key"

// prove answers a challenge as a device, and returns the session with its new token.
func prove(ctx context.Context, store session.Store[state], p *session.Policy, id session.ID, challenge, key string, binds bool) (*session.Session[state], error) {
	s := session.New(store, p)
	if err := hooks.Of(s).Find(ctx, id); err != nil {
		return s, err
	}
	if challenge == "" {
		challenge = hooks.Of(s).Challenge()
	}
	hooks.Of(s).Prove(challenge, key, binds)
	return s, s.Commit(ctx)
}

// boundSession stores a session of ada's that is bound to aKey. It returns the token, and
// the next challenge.
func boundSession(store session.Store[state], p *session.Policy) (token session.Token, challenge string) {
	s := session.New(store, p)
	hooks.Of(s).Offer(hooks.OfferOnce)
	logIn("ada")(s)
	commitNow(s)
	if s, err := prove(context.Background(), store, p, s.ID(), hooks.Of(s).Offered(), aKey, true); err == nil {
		return tokenOf(s), hooks.Of(s).Challenge()
	}
	return session.Token{}, ""
}

// In every order of refreshes and another request: a challenge works once, no log-out or
// log-in leaves the device a way back, no copy lives longer than the device allows, and the
// device of a session that is still bound can go on.
func TestEveryOrderOfRefreshes(t *testing.T) {
	const life = 10 * time.Minute
	policy := &session.Policy{DeviceLife: life, RotateEvery: time.Minute}
	for name, test := range map[string]struct {
		act       request
		refreshes int
		faults    []interleave.Fault
	}{
		"two":                {nil, 2, everyFault},
		"a read":             {read, 2, noFault},
		"a change":           {note("1"), 2, noFault},
		"remembering":        {remember(true), 2, noFault},
		"a renewal":          {renew, 2, noFault},
		"a log-in":           {logIn("ada"), 2, noFault},
		"another owner":      {become("bob"), 2, noFault},
		"no owner":           {become(""), 2, noFault},
		"a log-out":          {logOut, 2, noFault},
		"a log-out, faults":  {logOut, 1, everyFault},
		"a renewal, faults":  {renew, 1, everyFault},
		"a log-in, faults":   {logIn("ada"), 1, everyFault},
		"a farewell, faults": {both(logOut, note("bye")), 1, everyFault},
	} {
		t.Run(name, func(t *testing.T) {
			var store *memstore.Store[state]
			var token session.Token
			var challenge string
			var began time.Time
			var issued []session.Token // to the device
			var acted *session.Session[state]
			refresh := func(ctx context.Context, gated session.Store[state]) error {
				s, err := prove(ctx, gated, policy, token.ID(), challenge, aKey, false)
				if err == nil {
					issued = append(issued, tokenOf(s))
				}
				return err
			}
			o := overlap{
				Store: func() session.Store[state] {
					store, issued, acted = memstore.New[state](nil), nil, nil
					token, challenge = boundSession(store, policy)
					time.Sleep(2 * time.Minute)
					began = time.Now()
					return store
				},
				Others: slices.Repeat([]other{refresh}, test.refreshes),
				Faults: test.faults,
			}
			if test.act != nil {
				o.Others = append(o.Others, func(ctx context.Context, gated session.Store[state]) error {
					s, err := session.Load(ctx, gated, policy, token, time.Time{})
					if err != nil {
						return err
					}
					test.act(s)
					acted = s
					return s.Commit(ctx)
				})
			}
			o.Run(t, func(tb testing.TB, out outcome) {
				did := test.act != nil && out.Results[test.refreshes].Done()
				for _, r := range out.Results[:test.refreshes] {
					if r.Err != nil && !errors.Is(r.Err, hooks.ErrStale) && !errors.Is(r.Err, session.ErrGone) && !errors.Is(r.Err, session.ErrNotFound) && out.Fault == "" {
						tb.Errorf("a refresh fails with %v", r.Err)
					}
				}
				if len(issued) > 1 {
					tb.Errorf("a challenge was answered %d times", len(issued))
				}
				rec, err := store.Load(context.Background(), token.ID())
				ended := name == "a log-out" || name == "a log-out, faults" || name == "a farewell, faults"
				if did && ended && err == nil {
					tb.Errorf("the session lives on")
				}
				if err != nil {
					return
				}
				if did && (name == "a log-in" || name == "a log-in, faults" || name == "another owner" || name == "no owner") && rec.Bound() {
					tb.Error("the key stays")
				}
				if did && acted != nil && hooks.Of(acted).News() == hooks.NewToken {
					if s, err := session.Load(context.Background(), store, policy, tokenOf(acted), time.Time{}); err != nil || s.IsNew() {
						tb.Errorf("a token is worth nothing: %v", err)
					}
					if end := hooks.Of(acted).SecretEnds(); rec.Bound() && end.After(began.Add(life-2*time.Minute)) {
						tb.Errorf("its secret ends at %v", end)
					}
				}
				if rec.Bound() {
					if _, err := prove(context.Background(), store, policy, token.ID(), "", aKey, false); err != nil {
						tb.Errorf("the device cannot go on: %v", err)
					}
				}
			})
		})
	}
}
