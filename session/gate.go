package session

import (
	"context"
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

// tryEnter enters the gate if it is free.
func (g *gate) tryEnter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	free := !g.held
	g.held = true
	return free
}

func (g *gate) busy() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.held
}
