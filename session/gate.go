package session

import (
	"context"
	"runtime"
	"strings"
	"sync"
)

// A gate lets one goroutine through at a time. Unlike a mutex, a goroutine that
// waits gives up when its context is done.
type gate struct {
	mu    sync.Mutex
	held  bool
	freed chan struct{} // closed when the gate is left; nil while no goroutine waits
}

func (g *gate) enter(ctx context.Context) error {
	for {
		g.mu.Lock()
		if !g.held {
			g.held = true
			g.mu.Unlock()
			return nil
		}
		if g.freed == nil {
			g.freed = make(chan struct{})
		}
		freed := g.freed
		g.mu.Unlock()
		select {
		case <-freed:
		case <-ctx.Done():
			return StoreError(ctx.Err())
		}
	}
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held = false
	if g.freed != nil {
		close(g.freed)
		g.freed = nil
	}
}

func (g *gate) busy() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.held
}

// enterEdit enters the gate of a session's edits. If the gate is held and the
// caller is an edit itself, enterEdit panics: the edit would wait for its own end.
func (g *gate) enterEdit(ctx context.Context) error {
	if g.busy() && insideEdit() {
		panic("session: an edit called a method of a session that edits or commits; an edit must modify only its argument")
	}
	return g.enter(ctx)
}

// insideEdit reports whether an edit called the method that called enterEdit.
func insideEdit() bool {
	var pcs [128]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(4, pcs[:])])
	for {
		frame, more := frames.Next()
		if strings.Contains(frame.Function, "/session.(*Session[") && strings.HasSuffix(frame.Function, ".apply") ||
			strings.Contains(frame.Function, "/session.(*commit[") && strings.HasSuffix(frame.Function, ".replay") {
			return true
		}
		if !more {
			return false
		}
	}
}
