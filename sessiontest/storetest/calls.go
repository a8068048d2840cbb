package storetest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// methods are the names of a store's methods. Calls are noted by their place here.
var methods = []string{
	"no call", "Load", "Save", "Touch", "Delete", "Exists", "ByOwner", "All", "Revisions", "Watch", "the function that Watch returned", "Open", "OutlinesByOwner", "Outline",
}

const (
	_ = iota
	callLoad
	callSave
	callTouch
	callDelete
	callExists
	callByOwner
	callAll
	callRevisions
	callWatch
	callStop
	callOpen
	callOutlines
	callOutline
)

// calls are the calls of a store that are under way. A call notes itself in a slot
// chosen at random: calls that overlap hardly ever share memory, which could hide
// from the race detector that the store's own do.
type calls [256]atomic.Uint64

// begin notes a call. It returns the place for end. If the slots are taken, as no rule
// takes them, the call goes unnoticed.
func (c *calls) begin(method uint64) *atomic.Uint64 {
	note := rand.Uint64()&^0xff | method
	for range len(c) {
		if slot := &c[rand.N(len(c))]; slot.CompareAndSwap(0, note) {
			return slot
		}
	}
	return new(atomic.Uint64)
}

func end(slot *atomic.Uint64) { slot.Store(0) }

// notes returns the calls that are under way.
func (c *calls) notes() (all []uint64) {
	for i := range c {
		if note := c[i].Load(); note != 0 {
			all = append(all, note)
		}
	}
	return all
}

// patientLooks is how often a call must have been seen before it counts as hanging. A
// machine that stalls stops the looks too.
const patientLooks = 20

// await waits until done is closed. It returns the name of a method, and false, if a
// call of it does not return within the limit. Time is that of the real clock: await
// must be called outside of a bubble.
func (c *calls) await(done <-chan struct{}, limit time.Duration) (method string, ok bool) {
	ticker := time.NewTicker(max(limit/patientLooks, time.Millisecond))
	defer ticker.Stop()
	seen := make(map[uint64]int)
	for {
		select {
		case <-done:
			return "", true
		case <-ticker.C:
		}
		still := make(map[uint64]int)
		for _, note := range c.notes() {
			if still[note] = seen[note] + 1; still[note] > patientLooks {
				return nameOf(note), false
			}
		}
		seen = still
	}
}

func nameOf(note uint64) string { return methods[note&0xff] }

// String returns the names of the methods that are under way.
func (c *calls) String() string {
	var names []string
	for _, note := range c.notes() {
		names = append(names, nameOf(note))
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) == 0 {
		return methods[0]
	}
	return strings.Join(names, ", ")
}

// stacks returns the stacks of the goroutines that are in a call of a store.
func stacks() string {
	all := make([]byte, 1<<20)
	all = all[:runtime.Stack(all, true)]
	var b strings.Builder
	for stack := range bytes.SplitSeq(all, []byte("\n\n")) {
		if bytes.Contains(stack, []byte("storetest.guarded.")) {
			fmt.Fprintf(&b, "%s\n\n", stack)
		}
	}
	return b.String()
}
