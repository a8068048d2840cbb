package stores_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores"
)

func ExampleFromEnv() {
	environ := []string{"SESSIONS_STORE=memory:", "SESSIONS_LIFETIME=12h"} // os.Environ()
	carts, store, err := stores.FromEnv(context.Background(), environ, "shop", codec.MessagePack[cart](), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	fmt.Println(carts.Options().Lifetime)
	// Output: 12h0m0s
}

func ExampleFromConfig() {
	config, err := middleware.ParseConfig([]byte(`{"store": "memory:", "idle_timeout": "15m"}`))
	if err != nil {
		log.Fatal(err)
	}
	own := &middleware.Options{Lifetime: 8 * time.Hour} // of the program
	carts, store, err := stores.FromConfig(context.Background(), config, "shop", codec.MessagePack[cart](), own)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	fmt.Println(carts.Options().Lifetime, carts.Options().IdleTimeout)
	// Output: 8h0m0s 15m0s
}

func TestFromEnv(t *testing.T) {
	server := miniredis.RunT(t)
	server.RequireUserAuth("anna", "hunter2")
	url := filepath.Join(t.TempDir(), "url")
	if err := os.WriteFile(url, []byte("redis://anna:hunter2@"+server.Addr()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	own := &middleware.Options{Lifetime: time.Hour, IdleTimeout: time.Minute}
	carts, store, err := stores.FromEnv(t.Context(), []string{"SESSIONS_STORE_FILE=" + url, "SESSIONS_NAMESPACE=stall", "SESSIONS_LIFETIME=2h"},
		"shop", codec.MessagePack[cart](), own)
	if err != nil {
		t.Fatal(err)
	}
	if o := carts.Options(); o.Lifetime != 2*time.Hour || o.IdleTimeout != time.Minute || own.Lifetime != time.Hour {
		t.Errorf("the manager has %v, %v; the program's own is %v", o.Lifetime, o.IdleTimeout, own.Lifetime)
	}
	s, err := carts.Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	s.Set(cart{Customer: "ada"})
	if err := s.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if key := "stall:" + s.ID().String(); !strings.Contains(strings.Join(server.Keys(), " "), key) {
		t.Errorf("the keys %q lack %s", server.Keys(), key)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	if _, err := store.Load(t.Context(), s.ID()); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("after Close: %v", err)
	}
}

type visit struct{ Count int }

// Each failure is told in the operators' words where it is theirs, and leaves nothing
// open.
func TestFromEnvErrors(t *testing.T) {
	server := miniredis.RunT(t)
	for name, tt := range map[string]struct {
		environ []string
		own     *middleware.Options
		want    []string
	}{
		"values":        {[]string{"SESSIONS_LIFETIME=soon", "SESSIONS_SECRET=hunter2"}, nil, []string{"SESSIONS_LIFETIME: must", "SESSIONS_SECRET: 7 bytes"}},
		"the store":     {[]string{"SESSIONS_STORE=floppy:hunter2"}, nil, []string{`SESSIONS_STORE: stores: unknown session store "floppy:…"`}},
		"no answer":     {[]string{"SESSIONS_STORE=redis://ada:hunter2@127.0.0.1:1"}, nil, []string{"SESSIONS_STORE: ", "refused"}},
		"the program":   {[]string{"SESSIONS_STORE=redis://" + server.Addr()}, &middleware.Options{HoldBack: -1}, []string{"HoldBack is -1"}},
		"a bound":       {[]string{"SESSIONS_MAX_PER_OWNER=3", "SESSIONS_STORE=redis://" + server.Addr()}, nil, []string{"SESSIONS_MAX_PER_OWNER needs a method SessionOwner"}},
		"its own bound": {[]string{"SESSIONS_STORE=redis://" + server.Addr()}, &middleware.Options{MaxPerOwner: 3}, []string{"sessions: MaxPerOwner needs a method"}},
	} {
		t.Run(name, func(t *testing.T) {
			begun := time.Now()
			m, store, err := stores.FromEnv(t.Context(), tt.environ, "shop", codec.JSON[visit](), tt.own)
			if m != nil || store != nil || err == nil {
				t.Fatalf("got %v, a %T and error %v", m, store, err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not say %q: %v", want, err)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows a secret: %v", err)
			}
			for server.CurrentConnectionCount() != 0 { // the server notices the end by itself
				if time.Since(begun) > time.Minute {
					t.Fatal("a connection stays open")
				}
				time.Sleep(time.Millisecond)
			}
		})
	}
	m, _, err := stores.FromConfig(t.Context(), middleware.Config{Store: "floppy:"}, "shop", codec.JSON[cart](), nil)
	if m != nil || err == nil || !strings.HasPrefix(err.Error(), "store: ") {
		t.Errorf("a Config's error is %v", err)
	}
}
