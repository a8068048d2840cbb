package middleware

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/seed48429006/sessions/internal/probe"
)

// Value returns the response for the keys that find sessions.
func (x *response[T]) Value(key any) any {
	switch key.(type) {
	case contextKey[T], chainKey:
		return x
	}
	return x.Context.Value(key)
}

// String returns the context's name, without the values of the request.
func (x *response[T]) String() string { return "sessions.Context" }

// Format writes the context's name, for any verb.
func (x *response[T]) Format(f fmt.State, _ rune) { f.Write([]byte(x.String())) }

// withoutSession is a request's context without its session: an observer of the
// load must not wait for it.
type withoutSession[T any] struct{ context.Context }

func (c *withoutSession[T]) Value(key any) any {
	if _, ok := key.(contextKey[T]); ok {
		return nil
	}
	return c.Context.Value(key)
}

// chainKey finds the innermost response of any type, or a test's probe around all of
// them.
type chainKey = probe.Key

// A link is a response as the managers within it see it.
type link interface {
	next() link // of the manager around it; nil if there is none
	describe() (manager any, tokenNames []string, typeName string)
	route() (method, pattern, path string)
	logger() *slog.Logger
	probe() *probe.Probe // nil outside of tests
	setPassive()
}

func innermost(ctx context.Context) link {
	l, _ := ctx.Value(chainKey{}).(link)
	return l
}

func (x *response[T]) next() link { return innermost(x.Context) }

func (x *response[T]) describe() (manager any, tokenNames []string, typeName string) {
	return x.m, x.tokenNames(), x.m.typeName
}

func (x *response[T]) tokenNames() []string {
	if x.request.cookie != x.m.cookie {
		return x.request.cookie.names
	}
	return x.m.tokenNames
}

// route names the handler that uses the session, for the log. The pattern may be
// unknown.
func (x *response[T]) route() (method, pattern, path string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.request.method, x.use.route, x.request.url.Path
}

// routeAttrs are the attributes by which a log names the handler of a request.
func routeAttrs(ctx context.Context) []slog.Attr {
	l := innermost(ctx)
	if l == nil {
		return nil
	}
	method, route, path := l.route()
	for l = l.next(); route == "" && l != nil; l = l.next() {
		_, route, _ = l.route()
	}
	return []slog.Attr{slog.String("method", method), slog.String("route", cmp.Or(route, path))}
}

func (x *response[T]) logger() *slog.Logger { return x.m.options.logger() }

func (x *response[T]) probe() *probe.Probe {
	switch around := x.Context.Value(chainKey{}).(type) {
	case link:
		return around.probe()
	case *probe.Probe:
		return around
	}
	return nil
}

// checkChain panics if a manager around this one uses the same cookie, or the same path for
// devices: they would overwrite each other's tokens, or answer for each other.
func (x *response[T]) checkChain() {
	around := x.Context.Value(chainKey{})
	if around == nil {
		return
	}
	if p := x.probe(); p != nil {
		p.Meet(x.m, x.tokenNames())
	}
	l, _ := around.(link)
	for ; l != nil; l = l.next() {
		manager, names, typeName := l.describe()
		if manager == any(x.m) {
			panic(fmt.Sprintf("sessions: Handler of the manager of %s is applied twice to one request; apply it once, around the router or around each route", typeName))
		}
		for _, name := range x.tokenNames() {
			if slices.Contains(names, name) {
				panic(fmt.Sprintf("sessions: the managers of %s and %s both use the %s; change it in one",
					typeName, x.m.typeName, name))
			}
		}
	}
}
