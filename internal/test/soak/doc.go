// Package soak holds a test that lets visitors come and go for a while, on every
// kind of store, and looks for faults that only time shows: goroutines, connections and
// memory that are not given back, sessions that do not end, changes that are lost
// once in a million.
//
//	SESSIONS_SOAK=10m go test -timeout 1h ./internal/test/soak
//
// Without SESSIONS_SOAK it takes two seconds a store.
package soak
