package kvstore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// An Opener opens the backend at a URL with its scheme, and asks it once whether it is
// there: if not, the error is [session.ErrUnavailable]. No error shows a password.
//
// [session.ErrUnavailable]: https://pkg.go.dev/github.com/seed48429006/sessions/session#ErrUnavailable
type Opener func(ctx context.Context, url string) (Backend, error)

var openers struct {
	mu       sync.Mutex
	byScheme map[string]Opener
}

// Register lets [Open] and package stores open URLs with this scheme. The packages of
// backends call it when they are imported. It panics if the scheme is taken.
func Register(scheme string, open Opener) {
	openers.mu.Lock()
	defer openers.mu.Unlock()
	if openers.byScheme == nil {
		openers.byScheme = make(map[string]Opener)
	}
	if _, taken := openers.byScheme[scheme]; taken {
		panic(fmt.Sprintf("kvstore: the scheme %q is registered twice", scheme))
	}
	openers.byScheme[scheme] = open
}

// Schemes returns the schemes that are registered, sorted.
func Schemes() []string {
	openers.mu.Lock()
	defer openers.mu.Unlock()
	return slices.Sorted(maps.Keys(openers.byScheme))
}

// Open opens the backend at a URL. The program must import the package that has the
// scheme: with boltkv, "bolt:sessions.db" is the file sessions.db.
func Open(ctx context.Context, url string) (Backend, error) {
	scheme, _, _ := strings.Cut(url, ":")
	openers.mu.Lock()
	open := openers.byScheme[strings.ToLower(scheme)]
	openers.mu.Unlock()
	if open == nil {
		return nil, fmt.Errorf("kvstore: no backend for the URL's scheme is in the program; there are %q", Schemes())
	}
	return open(ctx, url)
}
