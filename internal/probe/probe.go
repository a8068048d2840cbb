// Package probe lets a test see the managers that serve its requests.
package probe

import (
	"context"
	"errors"
	"sync"
)

// Key is the key of a [*Probe] in a request's context.
type Key struct{}

// A Probe collects the managers that serve a request, and the errors that they
// answered. The zero Probe is empty. It is safe for concurrent use.
type Probe struct {
	mu       sync.Mutex
	managers []any
	tokens   []string
	err      error
}

// NewContext returns a context for requests that p shall see.
func (p *Probe) NewContext(ctx context.Context) context.Context {
	return context.WithValue(ctx, Key{}, p)
}

// Meet records a manager that serves a request, and the names of its tokens.
func (p *Probe) Meet(manager any, tokens []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.managers = append(p.managers, manager)
	p.tokens = append(p.tokens, tokens...)
}

// Fail records an error for which a manager's error handler answers.
func (p *Probe) Fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = errors.Join(p.err, err)
}

// Managers returns the managers so far.
func (p *Probe) Managers() []any {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.managers
}

// Tokens returns the names of the managers' cookies and headers: "cookie session_id".
func (p *Probe) Tokens() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tokens
}

// Err returns the errors so far, joined.
func (p *Probe) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}
