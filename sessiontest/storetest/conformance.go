package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/seed48429006/sessions/session"
)

// Options tell [Run] about the store. The zero value suits a store
// that any number of tests may use at once and whose clock is the real one.
type Options struct {
	// Advance lets time pass for the store, at least d. It need not do so for
	// the test: a function that shortens the life of all records, as
	// miniredis's FastForward does, will do. Nil means [time.Sleep].
	//
	// With Advance the rules are checked one after the other, so that Advance
	// may speak of the store that was made last.
	Advance func(d time.Duration)

	// Bubble checks each rule in a [testing/synctest] bubble of its own, where
	// waiting takes no time. It is for stores that do no I/O. Advance is not
	// called.
	Bubble bool

	// Indexer says that the store must be a [session.Indexer], and so do the others
	// for the interface of that name. If one is false, the rules for its interface
	// are skipped when the store does not have it.
	Indexer, Lister, Poller, Watcher, Opener, Outliner bool

	// MaxRecord is how many bytes a record may have. The store must refuse a
	// larger one. It should be more than 128 KiB: records of more than 64 KiB are
	// what many databases cut. Zero means any number, and skips the rules about
	// the limit.
	MaxRecord int

	// Size returns how many bytes a record has, as the store counts them for MaxRecord.
	// Nil means that this is not known: then the limit may be half as large.
	Size func(rec session.Record[Profile]) int

	// CallTimeout is how long one call of the store may take. When one takes longer,
	// its rule fails, says which call it is and where it waits, and the rules that have
	// not begun are skipped. Zero means [DefaultCallTimeout]. It is time of the real
	// clock, also with Bubble.
	CallTimeout time.Duration

	// Lose makes the store lose one of the commands that it sends from now on, as l
	// says. The function that it returns ends that, and reports whether there was
	// such a command. Lose is called while no other rule is checked. Nil means that
	// the store has no line that can fail, and skips the rules for those.
	Lose func(t *testing.T, store session.Store[Profile], l Loss) (stop func() (lost bool))

	// Decoded returns how many values the store has decoded so far. A codec that
	// counts tells. Nil skips the rule that Open decodes no value that accepts refuses.
	Decoded func() int

	// Indexed returns how many entries the store's index has for an owner. Nil means that
	// this is not known, or that entries go later than their sessions, and skips the rule
	// that none stays behind.
	Indexed func(t *testing.T, store session.Store[Profile], owner string) int

	// Corrupt makes the record that store has of id unreadable. Nil means that
	// no record can be, and skips the rules for those.
	Corrupt func(t *testing.T, store session.Store[Profile], id session.ID)
}

func (o *Options) callTimeout() time.Duration {
	if o.CallTimeout == 0 {
		return DefaultCallTimeout
	}
	return o.CallTimeout
}

// DefaultCallTimeout is how long a call may take if [Options] do not say otherwise.
const DefaultCallTimeout = 30 * time.Second

// A Loss says which command of a store, to a database or a server, fails, and how. The
// store learns of the failure as of a broken connection.
type Loss struct {
	// After is how many commands go well before the one that fails. A command that
	// the store sends again counts again.
	After int

	// Unsent means that the command does not arrive. Otherwise it is carried out,
	// and its reply is lost.
	Unsent bool

	// Meanwhile is to be called when the command was carried out, or was lost, and
	// before the store learns that it failed. It calls the store. It is never nil.
	Meanwhile func()
}

// Run checks that a store keeps every rule of [session.Store], and of
// [session.Indexer], [session.Lister], [session.Poller], [session.Watcher],
// [session.Opener] and [session.Outliner] if it implements them. Each rule is a subtest named for it.
// The first fault ends it, and the message quotes the rule. If a basic rule fails, the
// others are not checked.
//
// new is called once for each rule. It may return a new store each time or the
// same one: the rules use IDs and owners that no other uses. Close it by
// t.Cleanup if it needs closing. Nil options are the default.
//
// On a store whose clock is the real one, the suite takes a few seconds, and
// longer if the store is slow.
func Run(t *testing.T, new func(*testing.T) session.Store[Profile], o *Options) {
	if o == nil {
		o = &Options{}
	}
	s := &suite{new: new, options: o}
	for _, r := range rules {
		ok := t.Run(r.name, func(t *testing.T) {
			if !r.alone && !r.basic && (o.Advance == nil || o.Bubble) {
				t.Parallel()
			}
			s.try(t, r)
		})
		if !ok && r.basic {
			t.Logf("the other rules are not checked: a store that breaks the rule %s breaks most of them", r.name)
			return
		}
	}
}

// A rule is one thing that a store must do.
type rule struct {
	name        string
	explanation string // which part of the contract a store breaks that fails
	basic       bool   // it is checked before the others, which make little sense if it fails
	alone       bool   // no other rule is checked meanwhile, so that its calls meet
	needs       func(*trial) bool
	try         func(*trial)
}

// rules are all of them, the basic ones first. needs is nil for those that every store
// has to keep.
var rules = basicFirst(slices.Concat(
	saveRules, sizeRules, valueRules, loadRules, touchRules, deleteRules,
	expiryRules, contextRules, ownerRules, listRules, outlineRules, pollRules, watchRules, openRules, corruptRules, lossRules, raceRules,
))

func basicFirst(all []rule) (sorted []*rule) {
	for _, basic := range []bool{true, false} {
		for i := range all {
			if all[i].basic == basic {
				sorted = append(sorted, &all[i])
			}
		}
	}
	return sorted
}

// needsIndexer is for rules about [session.Indexer].
func needsIndexer(t *trial) bool {
	_, ok := t.own.(session.Indexer[Profile])
	return t.offered("an Indexer", ok, t.options.Indexer)
}

// needsLister is for rules about [session.Lister].
func needsLister(t *trial) bool {
	_, ok := t.own.(session.Lister[Profile])
	return t.offered("a Lister", ok, t.options.Lister)
}

// offered skips or fails the test if the store lacks an optional interface.
func (t *trial) offered(what string, is, must bool) bool {
	t.Helper()
	switch {
	case !is && must:
		t.Fatalf("%T is not %s", t.own, what)
	case !is:
		t.test.Skipf("%T is not %s", t.own, what)
	}
	return is
}
