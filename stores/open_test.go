package stores_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores"
	"github.com/seed48429006/sessions/stores/memstore"
	"github.com/seed48429006/sessions/stores/redisstore"
)

type cart struct {
	Customer string
	Items    []string
}

func (c cart) SessionOwner() string { return c.Customer }

func Example() {
	store, err := stores.Open(context.Background(), "memory:", "carts", codec.MessagePack[cart]())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	_, err = store.Load(context.Background(), session.NewID())
	fmt.Println(err)
	// Output: session: not found
}

func ExampleOpen() {
	_, err := stores.Open(context.Background(), "mysql://user:secret@localhost", "carts", codec.MessagePack[cart]())
	fmt.Println(err)
	// Output: sqlstore: no driver for mysql is in the program; import one: _ "github.com/go-sql-driver/mysql"
}

func TestOpenMemory(t *testing.T) {
	for _, url := range []string{"memory:", "memory", "memory://", "MEMORY:"} {
		store, err := stores.Open[cart](t.Context(), url, "", nil)
		if _, ok := store.(*memstore.Store[cart]); !ok || err != nil {
			t.Errorf("%s: got a %T and error %v", url, store, err)
		}
	}
}

func TestOpenMemoryAsksTheCodec(t *testing.T) {
	type visit struct{ Next chan int }
	store, err := stores.Open(t.Context(), "memory:", "visits", codec.JSON[visit]())
	if store != nil || err == nil || !strings.Contains(err.Error(), "Next") {
		t.Errorf("got %v and error %v", store, err)
	}
}

func TestOpenRedis(t *testing.T) {
	server := miniredis.RunT(t)
	server.RequireUserAuth("anna", "hunter2")
	store, err := stores.Open(t.Context(), "redis://anna:hunter2@"+server.Addr(), "carts", codec.MessagePack[cart]())
	if _, ok := store.(*redisstore.Store[cart]); !ok || err != nil {
		t.Fatalf("got a %T and error %v", store, err)
	}
	rec := session.Record[cart]{ID: session.NewID(), Expires: time.Now().Add(time.Hour), Deadline: time.Now().Add(time.Hour)}
	if err := store.Save(t.Context(), &rec); err != nil {
		t.Error(err)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	if _, err := store.Load(t.Context(), rec.ID); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("after Close: got error %v", err)
	}
}

func TestOpenErrors(t *testing.T) {
	server := miniredis.RunT(t)
	server.RequireUserAuth("anna", "other")
	ctx := t.Context()
	for _, tt := range []struct {
		url, namespace string
		c              codec.Codec[cart]
		unavailable    bool
		says           string
	}{
		{"", "carts", codec.JSON[cart](), false, `unknown session store ""`},
		{"memory://x", "carts", codec.JSON[cart](), false, `unknown session store "memory:…"`},
		{"file", "carts", codec.JSON[cart](), false, `unknown session store "file"`},
		{"postgres://anna:hunter2@host", "carts", codec.JSON[cart](), false, `import one: _ "github.com/jackc/pgx/v5/stdlib"`},
		{"sqlite:/tmp/x", "carts", codec.JSON[cart](), false, `import one: _ "modernc.org/sqlite"`},
		{"oracle://anna:hunter2@host", "carts", codec.JSON[cart](), false, `unknown session store "oracle:…"`},
		{"anna:hunter2@host", "carts", codec.JSON[cart](), false, `unknown session store "anna:…"`},
		{"host=db user=anna password=hunter2", "carts", codec.JSON[cart](), false, `unknown session store "…"`},
		{"host=db password=hunter2:x", "carts", codec.JSON[cart](), false, `unknown session store "…"`},
		{"hunter2@host:6379", "carts", codec.JSON[cart](), false, `unknown session store "…"`},
		{"bolt:/tmp/x", "carts", codec.JSON[cart](), false, `import it: _ "github.com/seed48429006/sessions/stores/boltkv"`},
		{"nats://anna:hunter2@host", "carts", codec.JSON[cart](), false, `stores/natskv`},
		{"etcds://anna:hunter2@host", "carts", codec.JSON[cart](), false, `stores/etcdkv`},
		{"dynamodb:sessions", "carts", codec.JSON[cart](), false, `stores/dynamokv`},
		{"redis", "carts", codec.JSON[cart](), false, `unknown session store "redis"`},
		{"redis+file://host", "carts", codec.JSON[cart](), false, "there are redis, rediss, redis+cluster"},
		{"redis://", "carts", codec.JSON[cart](), false, "needs a host"},
		{"redis://anna:hunter2@" + server.Addr() + "/x", "carts", codec.JSON[cart](), false, "database number"},
		{"redis://anna:hunter2@" + server.Addr(), "", codec.JSON[cart](), false, "namespace"},
		{"redis://anna:hunter2@" + server.Addr(), "carts", nil, false, "codec is nil"},
		{"redis://anna:hunter2@" + server.Addr(), "carts", codec.JSON[cart](), true, "WRONGPASS"},
		{"redis://anna:hunter2@127.0.0.1:1", "carts", codec.JSON[cart](), true, "refused"},
	} {
		store, err := stores.Open(ctx, tt.url, tt.namespace, tt.c)
		if store != nil || err == nil {
			t.Errorf("%s: got a %T and error %v", tt.url, store, err)
			continue
		}
		if errors.Is(err, session.ErrUnavailable) != tt.unavailable || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: got error %v, want one that says %q", tt.url, err, tt.says)
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error shows the password: %v", tt.url, err)
		}
	}
}
