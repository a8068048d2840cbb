package storetest

import "time"

// How long the records of rules about expiry live: as short as the store and the
// machine allow, which is found out by trying.
const (
	shortest = 50 * time.Millisecond
	longest  = time.Minute
)

// haste is for rules that let records expire. The calls before that must be made
// while the records still live. If the machine or the store is too slow, the rule
// is tried again with records that live twice as long.
type haste struct {
	lives time.Duration // how long records live
	began time.Time     // when the first one was made; zero if there is none
	first time.Time     // when it ends
	last  time.Time     // when the last one ends
}

// tooSlow is the panic of a trial whose records expired too early.
type tooSlow struct{}

// check panics if a record has expired early, which may be why a call failed.
func (h *haste) check() {
	if !h.began.IsZero() && !time.Now().Before(h.first) {
		panic(tooSlow{})
	}
}

// soon returns an end for a record, which [trial.pass] lets pass.
func (t *trial) soon() time.Time {
	h, now := &t.haste, time.Now()
	h.last = after(h.lives)
	if h.began.IsZero() {
		h.began, h.first = now, h.last
	}
	return h.last
}

// pass lets more time pass than the records have that end soon. A store may give a
// record so much more time as it took to answer: it counts from when it was asked.
func (t *trial) pass() {
	h := &t.haste
	h.check()
	wait := time.Until(h.last) + time.Since(h.began) + 10*time.Millisecond
	if t.options.Advance == nil || t.options.Bubble {
		time.Sleep(wait)
	} else {
		t.options.Advance(wait)
	}
	h.began = time.Time{}
}

// inTime tries a rule until it is quick enough.
func (t *trial) inTime(try func(*trial)) {
	for lives := shortest; lives <= longest; lives *= 2 {
		t.haste = haste{lives: lives}
		if t.attempt(try) {
			return
		}
	}
	t.haste = haste{}
	t.Fatalf("the store is so slow that records which live for %v expire before they can be used", longest)
}

// attempt reports whether the trial was quick enough.
func (t *trial) attempt(try func(*trial)) (quick bool) {
	defer func() {
		if !quick {
			if p := recover(); p != nil && p != (tooSlow{}) {
				panic(p)
			}
		}
	}()
	try(t)
	return true
}
