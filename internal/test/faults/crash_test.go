package faults_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/stores/redisstore"
)

// The environment of a second process says where Redis is, which request to
// serve with which cookie, and how many commands to send before the process dies.
const (
	crashURL    = "SESSIONS_CRASH_URL"
	crashTarget = "SESSIONS_CRASH_TARGET"
	crashCookie = "SESSIONS_CRASH_COOKIE"
	crashAfter  = "SESSIONS_CRASH_AFTER"

	crashed = 3 // the exit code of a process that died
)

func TestMain(m *testing.M) {
	logging.Disable() // go-redis tells of every connection that these tests break
	if os.Getenv(crashURL) != "" {
		os.Exit(crash())
	}
	os.Exit(m.Run())
}

// crash serves one request in a process that ends before it sends one command
// too many.
func crash() int {
	client, err := redisstore.NewClient(os.Getenv(crashURL))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	left, err := strconv.Atoi(os.Getenv(crashAfter))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	client.AddHook(&death{left})
	s := siteWith(new(testing.T), client, nil, nil)
	if got := s.get(os.Getenv(crashTarget), os.Getenv(crashCookie)); got.status != 200 {
		fmt.Printf("%+v, error %v\n", got, s.failure())
		return 1
	}
	return 0
}

// A death is a hook that ends the process.
type death struct{ left int }

func (d *death) DialHook(next redis.DialHook) redis.DialHook { return next }

func (d *death) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "hello" || cmd.Name() == "client" {
			return next(ctx, cmd) // the connection's
		}
		if d.left--; d.left < 0 {
			os.Exit(crashed)
		}
		return next(ctx, cmd)
	}
}

func (d *death) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next // these requests send none
}

// Wherever a process dies while it serves a log-in, a renewal or a log-out, every
// session that is left is in its owner's list, and the visitor is never left
// with a token that gives access to more than it did.
func TestCrash(t *testing.T) {
	t.Parallel()
	url := redisserver.Start(t).URL()
	s := newSite(t, url, nil, nil)
	s.get("/logout", s.customer(t, "warm")) // so that the server has all scripts
	anonymous := func() string { return s.visitor(t) }
	ada := func() string { return s.customer(t, "ada") }
	for _, tt := range []struct {
		target  string
		begin   func() string
		crashes int // at how many points it can die
	}{
		{"/login?as=eve", func() string { return "" }, 2},
		{"/login?as=eve", anonymous, 4},
		{"/login?as=eve", ada, 4},
		{"/renew", ada, 2},
		{"/logout", ada, 3},
	} {
		for after := range tt.crashes + 1 {
			must(t, s.client.FlushDB(t.Context()).Err()) // leaves the scripts
			cookie := tt.begin()
			name := fmt.Sprintf("%s, after %d commands", tt.target, after)
			if died := s.die(t, url, tt.target, cookie, after); died != (after < tt.crashes) {
				t.Errorf("%s: died %v", name, died)
			}
			s.wantAllListed(t, name)
			if cookie == "" {
				continue
			}
			held, ok := s.value(t, cookie)
			if ok && (held.Customer == "eve" || len(held.Items) != 1) {
				t.Errorf("%s: the token from before gives access to %v", name, held)
			}
			if after <= 1 && !ok {
				t.Errorf("%s: the session is lost before anything was written", name)
			}
		}
	}
}

// die serves a request in a process of its own, and reports whether that died.
func (s *site) die(t *testing.T, url, target, cookie string, after int) bool {
	t.Helper()
	var out bytes.Buffer
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	child.Env = append(os.Environ(), crashURL+"="+url, crashTarget+"="+target, crashCookie+"="+cookie, crashAfter+"="+strconv.Itoa(after),
		"GORACE=atexit_sleep_ms=0") // the race detector would stay for a second
	child.Stdout, child.Stderr = &out, &out
	err := child.Run()
	exit, _ := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil:
		return false
	case exit != nil && exit.ExitCode() == crashed:
		return true
	}
	t.Fatalf("the other process: %v\n%s", err, &out)
	return false
}

// wantAllListed checks that each live session that has an owner is in its list.
func (s *site) wantAllListed(t *testing.T, name string) {
	t.Helper()
	for id, rec := range s.stored(t) {
		listed := rec.Owner == ""
		for other, err := range s.ByOwner(t.Context(), rec.Owner) {
			must(t, err)
			listed = listed || other.ID == id
		}
		if !listed {
			t.Errorf("%s: %s does not see the session %v", name, rec.Owner, id)
		}
	}
}
