package storetest

import "github.com/seed48429006/sessions/session"

// A store is the store under test, by each interface that it has. The others are nil.
type store struct {
	session.Store[Profile]
	session.Indexer[Profile]
	session.Lister[Profile]
	session.Poller
	session.Watcher
	session.Opener[Profile]
	session.Outliner[Profile]
}

func under(s session.Store[Profile]) store {
	all := store{Store: s}
	all.Indexer, _ = s.(session.Indexer[Profile])
	all.Lister, _ = s.(session.Lister[Profile])
	all.Poller, _ = s.(session.Poller)
	all.Watcher, _ = s.(session.Watcher)
	all.Opener, _ = s.(session.Opener[Profile])
	all.Outliner, _ = s.(session.Outliner[Profile])
	return all
}

func needsIndexer(t *trial)  { t.needs("an Indexer", t.store.Indexer != nil, t.options.Indexer) }
func needsLister(t *trial)   { t.needs("a Lister", t.store.Lister != nil, t.options.Lister) }
func needsPoller(t *trial)   { t.needs("a Poller", t.store.Poller != nil, t.options.Poller) }
func needsOpener(t *trial)   { t.needs("an Opener", t.store.Opener != nil, t.options.Opener) }
func needsOutliner(t *trial) { t.needs("an Outliner", t.store.Outliner != nil, t.options.Outliner) }

func needsWatcher(t *trial) {
	t.needs("a Watcher", t.store.Watcher != nil, t.options.Watcher)
	stop, ok := t.store.Watch(newID(), func() {})
	switch {
	case ok && stop == nil:
		t.Fatalf("Watch returned true, and no function that stops it")
	case stop != nil:
		stop()
	}
	t.needs("a Watcher that can tell, as it is configured", ok, t.options.Watcher)
}

// needs skips the rule if the store lacks an optional interface, and fails it if the
// options say that the store must have it.
func (t *trial) needs(what string, is, must bool) {
	t.Helper()
	switch {
	case !is && must:
		t.Fatalf("%T is not %s", t.store.Store, what)
	case !is:
		t.test.Skipf("%T is not %s", t.store.Store, what)
	}
}

func needsLose(t *trial)    { t.needsOption("Lose", t.options.Lose != nil) }
func needsCorrupt(t *trial) { t.needsOption("Corrupt", t.options.Corrupt != nil) }
func needsDecoded(t *trial) { t.needsOption("Decoded", t.options.Decoded != nil) }
func needsIndexed(t *trial) { t.needsOption("Indexed", t.options.Indexed != nil) }
func needsLimit(t *trial)   { t.needsOption("MaxRecord", t.options.MaxRecord != 0) }

func (t *trial) needsOption(name string, set bool) {
	if !set {
		t.test.Skipf("Options.%s is not set", name)
	}
}
