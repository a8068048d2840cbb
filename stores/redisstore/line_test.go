package redisstore_test

import (
	"slices"
	"testing"

	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/storetest"
)

// losingBy returns the option by which the conformance suite loses commands of a store
// whose client goes through the proxy.
func losingBy(proxy *redisserver.Proxy) func(*testing.T, session.Store[storetest.Profile], storetest.Loss) func() bool {
	return func(_ *testing.T, _ session.Store[storetest.Profile], l storetest.Loss) func() bool {
		return proxy.Cut(l.After, l.Unsent, isStores, l.Meanwhile)
	}
}

// isStores reports whether a command is the store's own, and not one by which the
// client opens a connection.
func isStores(args []string) bool {
	return !slices.Contains([]string{"hello", "client", "ping", "select", "cluster", "readonly", "command"}, args[0])
}
