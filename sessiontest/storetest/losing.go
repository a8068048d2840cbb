package storetest

import (
	"context"
	"errors"
	"sync"

	"github.com/seed48429006/sessions/session"
)

// mostCommands is how many commands one call may send. Each of the first few is lost,
// and some of the others.
const mostCommands, firstCommands = 10_000, 8

// A losingCall makes a call and loses a command of it. It calls meanwhile, if that is not
// nil, when the command is lost.
type losingCall func(call func() error, meanwhile func()) error

// losing carries out try twice for each command that a call of the method sends: once the
// command is lost, and once its reply. Try makes the call by lose.
func (t *trial) losing(method string, try func(lose losingCall)) {
	t.Helper()
	for _, unsent := range []bool{false, true} {
		lost := true
		for n := 0; lost; n += 1 + n/firstCommands*firstCommands {
			if n > mostCommands {
				t.Fatalf("%s sends more than %d commands, or Options.Lose always reports a loss", method, mostCommands)
			}
			try(func(call func() error, meanwhile func()) error {
				var err error
				err, lost = t.lose(Loss{After: n, Unsent: unsent}, call, meanwhile)
				if !lost && n == 0 {
					t.Fatalf("%s sent no command that Options.Lose could lose", method)
				}
				if !lost {
					t.ok(method+", of which no command was lost,", err)
				}
				return err
			})
		}
	}
}

// lose makes a call with a loss. It calls meanwhile on the rule's goroutine, because a
// failure there ends the trial.
func (t *trial) lose(l Loss, call func() error, meanwhile func()) (err error, lost bool) {
	due, done := make(chan bool), make(chan bool)
	release := sync.OnceFunc(func() { close(done) })
	l.Meanwhile = func() {
		select {
		case due <- true:
			<-done
		case <-done:
		}
	}
	stop := sync.OnceValue(t.options.Lose(t.test, t.store.Store, l))
	defer stop()
	defer release() // first: stop may wait for Meanwhile
	returned := make(chan error, 1)
	go func() { returned <- call() }()
	for {
		select {
		case <-due:
			if meanwhile != nil {
				meanwhile()
			}
			release()
		case err := <-returned:
			return err, stop()
		}
	}
}

// lostAndEnded checks that a session stays ended that is ended when a command of its
// Save is lost.
func (t *trial) lostAndEnded(record func() record) {
	t.Helper()
	t.losing("Save", func(lose losingCall) {
		rec, ended := record(), false
		err := lose(func() error { return t.store.Save(t.Context(), &rec) }, func() {
			ended = t.store.Delete(t.Context(), rec.ID, 0) == nil
		})
		if !ended || !errors.Is(err, session.ErrNotFound) {
			t.unknown("Save", err)
		}
		if ended {
			t.wantAbsent(rec.ID)
		}
	})
}

// unknown checks that an error says that the outcome is unknown, if there is one.
func (t *trial) unknown(method string, err error) {
	t.Helper()
	if err != nil {
		t.gaveUp(method, err)
	}
}

// saved checks the outcome of a Save of rec, after which the caller has given. Old is
// the record that was there before, nil if none.
func (t *trial) saved(method string, err error, rec, given record, old *record) {
	t.Helper()
	t.unknown(method, err)
	if err != nil && given.Revision != rec.Revision {
		t.Fatalf("%s returned an error, and changed the Revision", method)
	}
	stored, absent := t.store.Load(t.Context(), rec.ID)
	switch {
	case err == nil:
		rec.Revision = given.Revision
		t.wantStored(rec)
	case old != nil:
		if rec.Revision = stored.Revision; stored.Revision == old.Revision {
			rec = *old
		}
		t.wantStored(rec)
	case absent == nil:
		rec.Revision = stored.Revision
		t.wantStored(rec)
	default:
		t.wantAbsent(rec.ID)
	}
}

// wantOneOf checks that the store has the new record, or the old one after an error.
func (t *trial) wantOneOf(err error, rec, old record) {
	t.Helper()
	if err != nil && difference(old, t.load(old.ID)) == "" {
		rec = old
	}
	t.wantStored(rec)
}

// lostList checks iterations, each with the loss of another command.
func (t *trial) lostList(method string, recs []record, list func(context.Context) records) {
	t.Helper()
	t.losing(method, func(lose losingCall) {
		missing := byID(recs)
		err := lose(func() (failed error) {
			for rec, err := range list(t.Context()) {
				if failed != nil {
					return errors.Join(failed, errGoesOn)
				}
				if _, unreadable := errors.AsType[*session.DecodeError](err); err != nil && !unreadable {
					failed = err
				}
				delete(missing, rec.ID)
			}
			return failed
		}, nil)
		if errors.Is(err, errGoesOn) {
			t.Fatalf("%s goes on after an error: %v", method, err)
		}
		if t.unknown(method, err); err == nil && len(missing) > 0 {
			t.Fatalf("%s ended without an error, and without %d of %d records", method, len(missing), len(recs))
		}
	})
}

var errGoesOn = errors.New("the iteration goes on")
