package storetest

import (
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
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

	// Indexer says that the store must be a [session.Indexer]. Each of the others says
	// the same of the interface of its name. If it is false, the rules for the interface
	// are skipped on a store that lacks it.
	Indexer, Lister, Poller, Watcher, Opener, Outliner bool

	// MaxRecord is how many bytes a record may have. The store must refuse a larger one.
	// It should be more than 128 KiB, since many databases cut records of more than 64
	// KiB. Zero means that there is no limit, and skips the rules about it.
	MaxRecord int

	// Size returns how many bytes a record has, as the store counts them for MaxRecord.
	// Nil means that this is not known: then the limit may be half as large.
	Size func(rec session.Record[Profile]) int

	// Lose makes the store lose a command that it sends from now on, as l says. Stop ends
	// that, and reports whether a command was lost. Lose is called while no other rule is
	// checked. Nil means that the store has no line that can fail, and skips the rules
	// about losses.
	Lose func(t *testing.T, store session.Store[Profile], l Loss) (stop func() (lost bool))

	// Decoded returns how many values the store has decoded so far. A codec that counts
	// can tell. Nil skips the rule that Open decodes no value that accepts refuses.
	Decoded func() int

	// Indexed returns how many entries the store's index has for an owner. Nil means that
	// this is not known, or that entries go later than their sessions, and skips the rule
	// that none stays behind.
	Indexed func(t *testing.T, store session.Store[Profile], owner string) int

	// Corrupt makes the record that store has of id unreadable. Nil means that this is
	// impossible, and skips the rules about unreadable records.
	Corrupt func(t *testing.T, store session.Store[Profile], id session.ID)
}

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
	for _, r := range rules {
		ok := t.Run(r.name, func(t *testing.T) {
			if !r.alone && !r.basic && (o.Advance == nil || o.Bubble) {
				t.Parallel()
			}
			var over atomic.Bool // by the real clock, also in a bubble
			defer time.AfterFunc(patience, func() { over.Store(true) }).Stop()
			if !o.Bubble {
				r.check(t, new(t), o, &over)
				return
			}
			synctest.Test(t, func(t *testing.T) { r.check(t, new(t), o, &over) })
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
	explanation string // the part of the contract that a store breaks if it fails
	basic       bool   // it is checked before the others, which make little sense if it fails
	alone       bool   // no other rule's calls meet its own, or are lost in their place
	group       func(*trial)
	needs       func(*trial) // skips the rule if it is not for the store; nil for all stores
	try         func(*trial)
}

func (r *rule) check(t *testing.T, store session.Store[Profile], o *Options, over *atomic.Bool) {
	tr := &trial{helper: t, test: t, rule: r, store: under(store), options: o, over: over}
	for _, needs := range []func(*trial){r.group, r.needs} {
		if needs != nil {
			needs(tr)
		}
	}
	tr.inTime(r.try)
}

// rules are all of them, the basic ones first.
var rules = basicFirst(slices.Concat(
	saveRules, sizeRules, valueRules, loadRules, touchRules, deleteRules, expiryRules, contextRules,
	group(needsIndexer, ownerRules), group(needsLister, listRules), group(needsOutliner, outlineRules),
	group(needsPoller, pollRules), group(needsWatcher, watchRules), group(needsOpener, openRules),
	group(needsCorrupt, corruptRules), alone(group(needsLose, lossRules)), alone(raceRules),
))

// group returns rules that need the same.
func group(needs func(*trial), rules []rule) []rule {
	for i := range rules {
		rules[i].group = needs
	}
	return rules
}

// alone returns rules that are checked one after another.
func alone(rules []rule) []rule {
	for i := range rules {
		rules[i].alone = true
	}
	return rules
}

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
