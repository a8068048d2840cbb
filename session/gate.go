package session

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// A gate lets one goroutine through at a time, in the order in which they came.
// Unlike with a mutex, a goroutine that waits gives up when its context is done.
type gate struct {
	mu    sync.Mutex
	held  bool
	queue []chan struct{} // of the goroutines that wait, first come first; closed when it is their turn
}

// hold runs f, which may call code of the application's, while no other goroutine is
// within the gate. It returns the context's error if f did not run.
//
// It panics if its goroutine is within a gate already that it would wait for: such code
// would wait for its own end.
func (g *gate) hold(ctx context.Context, f func()) error {
	if err := g.enter(ctx); err != nil {
		return err
	}
	defer g.leave()
	f()
	return nil
}

func (g *gate) enter(ctx context.Context) error {
	g.mu.Lock()
	if !g.held {
		g.held = true
		g.mu.Unlock()
		return nil
	}
	if held() > 1 {
		g.mu.Unlock()
		panic("session: an edit, SessionOwner, a codec or a store called a method of a session that changes or commits; an edit must modify only its argument")
	}
	turn := make(chan struct{})
	g.queue = append(g.queue, turn)
	g.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(g.queue, turn); i >= 0 {
		g.queue = slices.Delete(g.queue, i, i+1)
	} else {
		g.pass() // its turn had come
	}
	return ctx.Err()
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pass()
}

// pass lets the next goroutine through. The caller holds mu.
func (g *gate) pass() {
	if g.held = len(g.queue) > 0; g.held {
		close(g.queue[0])
		g.queue = g.queue[1:]
	}
}

// tryEnter enters the gate if it is free.
func (g *gate) tryEnter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	free := !g.held
	g.held = true
	return free
}

// busy reports whether a goroutine is within the gate.
func (g *gate) busy() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.held
}

// held returns how many calls of [gate.hold] the calling goroutine is within. It walks
// the stack, so only those ask that would wait.
func held() (n int) {
	var pcs [64]uintptr
	for skip := 2; ; skip += len(pcs) {
		found := runtime.Callers(skip, pcs[:])
		frames := runtime.CallersFrames(pcs[:found])
		for more := found > 0; more; {
			var frame runtime.Frame
			if frame, more = frames.Next(); strings.HasSuffix(frame.Function, "/session.(*gate).hold") {
				n++
			}
		}
		if found < len(pcs) {
			return n
		}
	}
}
