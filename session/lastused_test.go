package session_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/session"
)

// Each row is a session that logged in at ten o'clock, and its uses after that. LastUsed
// is never later than the last of them, and earlier by so much at most.
func TestLastUsed(t *testing.T) {
	passively := func(s *session.Session[state]) { both(passive, count)(s) }
	type use struct {
		after time.Duration
		act   request
	}
	for name, test := range map[string]struct {
		policy session.Policy
		uses   []use
		last   time.Duration
		off    time.Duration
	}{
		"not used since":                     {session.Policy{}, nil, 0, 0},
		"a read":                             {session.Policy{}, []use{{10 * time.Minute, read}}, 10 * time.Minute, 0},
		"a change":                           {session.Policy{}, []use{{time.Second, count}}, time.Second, 0},
		"reads at short intervals":           {session.Policy{}, []use{{10 * time.Minute, read}, {13 * time.Minute, read}}, 13 * time.Minute, time.Hour / 16},
		"a passive change":                   {session.Policy{}, []use{{10 * time.Minute, read}, {20 * time.Minute, passively}}, 10 * time.Minute, 0},
		"of a remembered session":            {session.Policy{Remember: session.Remember{Lifetime: 30 * day, IdleTimeout: 7 * day}}, []use{{0, remember(true)}, {day, read}}, day, 0},
		"just before the last idle timeout":  {session.Policy{Lifetime: 3 * time.Hour}, []use{{50 * time.Minute, read}, {100 * time.Minute, read}}, 100 * time.Minute, 0},
		"in the last idle timeout":           {session.Policy{Lifetime: 3 * time.Hour}, []use{{50 * time.Minute, read}, {100 * time.Minute, read}, {150 * time.Minute, read}}, 150 * time.Minute, 30 * time.Minute},
		"a renewal in the last idle timeout": {session.Policy{Lifetime: 90 * time.Minute}, []use{{50 * time.Minute, renew}}, 50 * time.Minute, 0},
		"a change without an idle timeout":   {session.Policy{IdleTimeout: -1}, []use{{time.Hour, count}}, time.Hour, time.Hour},
		"a renewal without an idle timeout":  {session.Policy{IdleTimeout: -1}, []use{{time.Hour, renew}}, time.Hour, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newProbe()
				token, start := storedWith(t, store, &test.policy, state{User: "ada"}), time.Now()
				for _, use := range test.uses {
					time.Sleep(time.Until(start.Add(use.after)))
					token = mustWith(t, store, &test.policy, token, use.act)
				}
				time.Sleep(time.Minute)
				rec := record(t, store, token.ID())
				got := session.LastUsed(&test.policy, &rec).Sub(start)
				if got > test.last || got < test.last-test.off {
					t.Errorf("%v after the log-in, want %v", got, test.last)
				}
			})
		})
	}
	t.Run("is not in the future, also if the idle timeout has become shorter", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			store := newProbe()
			rec := record(t, store, stored(t, store, state{User: "ada"}).ID())
			if got := session.LastUsed(&session.Policy{IdleTimeout: time.Minute}, &rec); got.After(time.Now()) {
				t.Errorf("%v from now", time.Until(got))
			}
		})
	})
}
