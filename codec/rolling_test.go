package codec_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/sessiontest/redistest"
)

// An account as two programs have it that run at the same time.
type (
	oldAccount struct {
		User   string
		Visits []int
	}
	newAccount struct {
		Login  string // was User
		Visits []int
		Theme  string
	}
)

func (oldAccount) SessionType() string    { return "account" }
func (newAccount) SessionType() string    { return "account" }
func (a oldAccount) SessionOwner() string { return a.User }
func (a newAccount) SessionOwner() string { return a.Login }

// program returns a server that appends n to the visits of a session, and
// answers with whose it is and what it has.
func program[T any](t *testing.T, client *redis.Client, c codec.Codec[T], visit func(v *T, user string, n int), show func(T) string) http.Handler {
	t.Helper()
	m, err := middleware.New(redisStore(t, client, c), &middleware.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := middleware.Get[T](r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		var n int
		fmt.Sscan(r.FormValue("n"), &n)
		s.Update(func(v *T) { visit(v, r.FormValue("user"), n) })
		fmt.Fprint(w, show(s.Value()))
	}))
}

func oldProgram(t *testing.T, client *redis.Client, c codec.Codec[oldAccount]) http.Handler {
	return program(t, client, c, func(v *oldAccount, user string, n int) {
		v.User, v.Visits = user, append(v.Visits, n)
	}, func(v oldAccount) string { return fmt.Sprint(v.User, v.Visits) })
}

func newProgram(t *testing.T, client *redis.Client, c codec.Codec[newAccount]) http.Handler {
	return program(t, client, c, func(v *newAccount, user string, n int) {
		v.Login, v.Visits, v.Theme = user, append(v.Visits, n), "dark"
	}, func(v newAccount) string { return fmt.Sprint(v.Login, v.Visits) })
}

func fromOld(v oldAccount) (newAccount, error) {
	return newAccount{Login: v.User, Visits: v.Visits}, nil
}

// A visitor remembers the cookie, and what the servers said was done.
type visitor struct {
	user    string
	cookie  *http.Cookie
	visits  []int
	refused int
}

// visit sends a request to one of the programs.
func (v *visitor) visit(t *testing.T, p http.Handler, n int) {
	t.Helper()
	r := httptest.NewRequest("GET", fmt.Sprintf("/?user=%s&n=%d", v.user, n), nil)
	if v.cookie != nil {
		r.AddCookie(v.cookie)
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if v.cookie != nil {
			t.Errorf("%s was logged out: request %d, answer %d, sets another cookie", v.user, n, w.Code)
		}
		v.cookie = c
	}
	if w.Code == http.StatusServiceUnavailable {
		v.refused++
		return
	}
	v.visits = append(v.visits, n)
	if want := fmt.Sprint(v.user, v.visits); w.Code != http.StatusOK || w.Body.String() != want {
		t.Errorf("request %d: answer %d, %q, want %q", n, w.Code, w.Body, want)
	}
}

// deploy lets visitors meet both programs at random, at first the old one only
// and at last the new one only. It returns how many requests failed.
func deploy(t *testing.T, first, second http.Handler) (refused int) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	visitors := []*visitor{{user: "ada"}, {user: "bob"}, {user: "cyd"}, {user: "dee"}}
	const requests = 200
	for n := range requests {
		p := first
		if random.IntN(requests-50) < n-25 {
			p = second
		}
		visitors[random.IntN(len(visitors))].visit(t, p, n)
	}
	for _, v := range visitors {
		v.visit(t, second, requests)
		refused += v.refused
	}
	return refused
}

// While two versions of a program run side by side, nobody is logged out, and
// what was done stays done. The old program fails requests of sessions that the
// new one has changed; it does not touch them.
func TestRollingDeploy(t *testing.T) {
	oldPlain, newPlain := codec.MessagePack[oldAccount](), codec.MessagePack[newAccount]()
	for name, tt := range map[string]struct {
		before codec.Codec[oldAccount]
		after  codec.Codec[newAccount]
	}{
		"first use of versions": {oldPlain, versioned(t, 1, newPlain, codec.From(0, oldPlain, fromOld))},
		"next version":          {versioned(t, 1, oldPlain), versioned(t, 2, newPlain, codec.From(1, oldPlain, fromOld))},
		"from JSON":             {codec.JSON[oldAccount](), versioned(t, 1, newPlain, codec.From(0, codec.JSON[oldAccount](), fromOld))},
		"first use of sealing":  {oldPlain, versioned(t, 1, sealed(t, newPlain, 1), codec.From(0, oldPlain, fromOld))},
		"sealed all along": {
			sealed(t, versioned(t, 1, oldPlain), 1),
			sealed(t, versioned(t, 2, newPlain, codec.From(1, oldPlain, fromOld)), 1),
		},
		"sealed before": {
			sealed(t, oldPlain, 1),
			versioned(t, 1, sealed(t, newPlain, 2, 1), codec.From(0, sealed(t, oldPlain, 1), fromOld)),
		},
	} {
		t.Run(name, func(t *testing.T) {
			client := redistest.New(t)
			if refused := deploy(t, oldProgram(t, client, tt.before), newProgram(t, client, tt.after)); refused == 0 {
				t.Error("the old program never met what the new one wrote")
			}
		})
	}
}

// The same version on both sides costs no request anything: that is what it
// takes to seal, or to add keys, without a failed request.
func TestRollingDeployOfTheSameType(t *testing.T) {
	client, plain := redistest.New(t), codec.MessagePack[oldAccount]()
	first := oldProgram(t, client, sealed(t, versioned(t, 1, plain), 1, 2))
	second := oldProgram(t, client, sealed(t, versioned(t, 1, plain), 2, 1))
	if refused := deploy(t, first, second); refused != 0 {
		t.Errorf("%d requests failed", refused)
	}
}

// Without versions the old program reads what the new one wrote, and drops the
// fields that it does not know when it writes. The documentation says so.
func TestRollingDeployWithoutVersions(t *testing.T) {
	client := redistest.New(t)
	store := redisStore(t, client, codec.MessagePack[addedField]())
	second := program(t, client, codec.MessagePack[addedField](), func(v *addedField, user string, n int) {
		v.Visits, v.Theme = append(v.Visits, n), "dark"
	}, func(v addedField) string { return fmt.Sprint("eve", v.Visits) })
	first := program(t, client, codec.MessagePack[noField](), func(v *noField, user string, n int) {
		v.Visits = append(v.Visits, n)
	}, func(v noField) string { return fmt.Sprint("eve", v.Visits) })

	v := &visitor{user: "eve"}
	var themes strings.Builder
	for n, p := range []http.Handler{first, second, first, second} {
		v.visit(t, p, n)
		for rec, err := range store.All(t.Context()) {
			themes.WriteString(fmt.Sprintf("%s %v,", rec.Value.Theme, err))
		}
	}
	if want := " <nil>,dark <nil>, <nil>,dark <nil>,"; themes.String() != want || v.refused != 0 {
		t.Errorf("the new field was %q, want %q; %d requests failed", themes.String(), want, v.refused)
	}
}

type (
	noField    struct{ Visits []int }
	addedField struct {
		Visits []int
		Theme  string
	}
)

func (noField) SessionType() string    { return "field" }
func (addedField) SessionType() string { return "field" }
