package redistest_test

import (
	"context"
	"testing"

	"github.com/seed48429006/sessions/sessiontest/redistest"
)

func TestNew(t *testing.T) {
	a := redistest.New(t)
	if err := a.Set(t.Context(), "key", "value", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if n, err := redistest.New(t).DBSize(t.Context()).Result(); n != 0 || err != nil {
		t.Errorf("the second server has %d keys (%v)", n, err)
	}
	var ping func() error
	t.Run("inner", func(t *testing.T) {
		client := redistest.New(t)
		ping = func() error { return client.Ping(context.Background()).Err() }
	})
	if ping() == nil {
		t.Error("the client works after its test")
	}
}
