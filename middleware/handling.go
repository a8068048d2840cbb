package middleware

import (
	"context"
	"fmt"
	"net/http"
	"slices"
)

// A handling is one request that a manager handles: its session's side and its
// writer. It is the request's context as well, which saves an allocation on the
// path of every request. A context may be kept for long, so a handling lets go of
// the request when the handler has returned.
type handling[T any] struct {
	context.Context // of the request as it came
	x               exchange[T]
	w               writer
	outer           link // of the manager around this one
}

func (h *handling[T]) Value(key any) any {
	switch key.(type) {
	case contextKey[T], chainKey:
		return h
	}
	return h.Context.Value(key)
}

// String returns the context's name, without the values of the request.
func (h *handling[T]) String() string { return "sessions.Context" }

// GoString returns the context's name.
func (h *handling[T]) GoString() string { return h.String() }

// Format writes the context's name, whatever the verb.
func (h *handling[T]) Format(f fmt.State, _ rune) { f.Write([]byte(h.String())) }

// serve lets next handle the request.
func (h *handling[T]) serve(next http.Handler, r *http.Request) {
	returned := false
	defer func() {
		if !returned {
			h.w.abandon()
		}
		h.w.release()
	}()
	next.ServeHTTP(h.w.wrap(), r)
	err := h.w.finish()
	returned = true
	if err != nil {
		panic(http.ErrAbortHandler)
	}
}

// chainKey finds the innermost handling, whatever its type.
type chainKey struct{}

// A link is a handling as the managers within it see it.
type link interface {
	next() link
	describe() (tokenNames []string, typeName string)
}

func (h *handling[T]) next() link { return h.outer }

func (h *handling[T]) describe() (tokenNames []string, typeName string) {
	return h.x.m.tokenNames, h.x.m.typeName
}

// joinChain panics if a manager around this one uses the same cookie: each would
// overwrite the other's.
func (h *handling[T]) joinChain() {
	h.outer, _ = h.Context.Value(chainKey{}).(link)
	for l := h.outer; l != nil; l = l.next() {
		names, typeName := l.describe()
		for _, name := range h.x.m.tokenNames {
			if slices.Contains(names, name) {
				panic(fmt.Sprintf("sessions: the managers of %s and %s both use the %s; give one another name",
					typeName, h.x.m.typeName, name))
			}
		}
	}
}
