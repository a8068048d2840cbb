package memstore_test

import (
	"fmt"
	"runtime"
	"testing"
	"unsafe"

	"github.com/seed48429006/sessions/stores/memstore"
)

// TestBytesOfASession checks how much of the heap a session takes beside its value,
// with one secret and the name of its owner. Values and names are no part of the store's work, but
// an entry has the room that the allocator rounds up to.
func TestBytesOfASession(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector takes memory of its own")
	}
	const most = 260
	for _, n := range []int{10_000, 100_000} {
		for name, owner := range map[string]func(int) string{
			"no owners":              func(int) string { return "" },
			"an owner each":          func(i int) string { return fmt.Sprint("customer-", i) },
			"owners of ten sessions": func(i int) string { return fmt.Sprint("customer-", i/10) },
		} {
			t.Run(fmt.Sprint(n, " sessions, ", name), func(t *testing.T) {
				if got := bytesOfASession(t, n, owner, cart{}); got > most {
					t.Errorf("a session takes %d bytes, want at most %d", got, most)
				}
				if got := bytesOfASession(t, n, owner, 7); got > most {
					t.Errorf("a session with a small value takes %d bytes, want at most %d", got, most)
				}
			})
		}
	}
}

func bytesOfASession[T any](t *testing.T, n int, owner func(int) string, v T) int {
	t.Helper()
	ids := randomIDs(n)
	before := heap()
	s := memstore.New[T](nil)
	for i, id := range ids {
		if err := s.Save(t.Context(), newRecord(id, owner(i), v)); err != nil {
			t.Fatal(err)
		}
	}
	got := int(heap()-before)/n - int(unsafe.Sizeof(v))
	t.Logf("%T: %d bytes", v, got)
	runtime.KeepAlive(s)
	runtime.KeepAlive(ids)
	return got
}
