package boltkv_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/seed48429006/sessions/stores/boltkv"
)

// The end that a removed key had does not come to a key that is written anew.
func TestTheEndOfARemovedKey(t *testing.T) {
	b, err := boltkv.Open(filepath.Join(t.TempDir(), "db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	ctx, end := t.Context(), time.Now().Add(100*time.Millisecond)
	swap := func(key string, value string, end time.Time) {
		t.Helper()
		_, version, err := b.Get(ctx, key)
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := b.Swap(ctx, key, version, []byte(value), end); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	swap("a", "one", end)
	swap("a", "", end)
	swap("a", "two", time.Time{})
	time.Sleep(time.Until(end) + 10*time.Millisecond)
	swap("b", "sweeps", time.Time{})
	if value, _, err := b.Get(ctx, "a"); string(value) != "two" || err != nil {
		t.Errorf("got %q, %v", value, err)
	}
}
