package linear

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/interleave"
	"github.com/seed48429006/sessions/stores/redisstore"
)

// commandSteps is a hook that makes each command a step.
type commandSteps struct{}

func (commandSteps) DialHook(next redis.DialHook) redis.DialHook { return next }

func (commandSteps) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := interleave.Part(ctx, cmd.Name(), func() error { return next(ctx, cmd) })
		if err != nil {
			cmd.SetErr(err)
		}
		return err
	}
}

func (commandSteps) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		return interleave.Part(ctx, "pipeline", func() error { return next(ctx, cmds) })
	}
}

// In every order of the commands that overlapping requests send to Redis, and with a
// process that dies at every step: each live session is found by its owner, and
// ended sessions stay ended.
func TestEveryOrderOfRedisCommands(t *testing.T) {
	client := redis.NewClient(&redis.Options{
		Addr: redisserver.Start(t).Addr(), ReadTimeout: -2, WriteTimeout: -2, ContextTimeoutEnabled: true, DisableIdentity: true,
	})
	t.Cleanup(func() { client.Close() })
	loadScripts(t, client)
	client.AddHook(commandSteps{})

	adas := func(l *Log) { l.Owner = "ada" }
	logIn := func(s *session.Session[Log]) { s.LogIn(adas) }
	changeOwner := func(s *session.Session[Log]) { s.Update(adas) }
	note := func(s *session.Session[Log]) { s.Update(func(l *Log) { l.Notes = append(l.Notes, 1) }) }
	renew := func(s *session.Session[Log]) { s.Renew() }
	logOut := func(s *session.Session[Log]) { s.Destroy() }
	revoke := func(ctx context.Context, store session.Store[Log]) error {
		m, err := middleware.New(store, nil)
		if err != nil {
			return err
		}
		_, err = m.RevokeAll(ctx, "ada")
		return err
	}

	type handlers = []func(*session.Session[Log])
	type others = []func(context.Context, session.Store[Log]) error
	anonymous, ada := Log{Notes: []byte{0}}, Log{Owner: "ada", Notes: []byte{0}}
	for name, o := range map[string]interleave.Overlap[Log]{
		"change of owner and update":     {Start: anonymous, Handlers: handlers{changeOwner, note}},
		"change of owner and revocation": {Start: anonymous, Handlers: handlers{changeOwner}, Others: others{revoke}},
		"log-in and update":              {Start: anonymous, Handlers: handlers{logIn, note}},
		"log-in and log-out":             {Start: anonymous, Handlers: handlers{logIn, logOut}},
		"two new log-ins":                {Handlers: handlers{logIn, logIn}},
		"renewal and log-out":            {Start: ada, Handlers: handlers{renew, logOut}},
		"renewal and revocation":         {Start: ada, Handlers: handlers{renew}, Others: others{revoke}},
		"log-in and revocation":          {Start: anonymous, Handlers: handlers{logIn}, Others: others{revoke}},
	} {
		t.Run(name, func(t *testing.T) {
			o.Fine, o.Faults = true, []interleave.Fault{interleave.Dies}
			o.Store = func() session.Store[Log] {
				if err := client.FlushDB(context.Background()).Err(); err != nil {
					t.Error(err)
				}
				return redisStore(t, client, "linear")
			}
			o.Run(t, func(tb testing.TB, out interleave.Outcome[Log]) { wantConsistent(tb, out, o.Start.Owner == "ada") })
		})
	}
}

// redisStore returns a store for clients of one Redis server.
func redisStore(t *testing.T, client redis.Cmdable, namespace string) Store {
	t.Helper()
	store, err := redisstore.New(client, namespace, codec.MessagePack[Log](), nil)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// loadScripts runs each script once, so that Redis has them all.
func loadScripts(t *testing.T, client *redis.Client) {
	t.Helper()
	s := session.New[Log](redisStore(t, client, "linear"), nil)
	s.Update(func(l *Log) { l.Owner = "ada" })
	for _, next := range []func(){s.Renew, s.Destroy, func() {}} {
		if err := s.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		next()
	}
}

// wantConsistent checks the sessions that are left and the tokens of the clients.
func wantConsistent(tb testing.TB, out interleave.Outcome[Log], owned bool) {
	tb.Helper()
	tokens := map[session.ID]bool{out.Start.ID(): true}
	for _, r := range out.Results {
		if r.Err != nil && !errors.Is(r.Err, session.ErrGone) {
			tb.Errorf("a request failed: %v", r.Err)
		}
		tokens[r.Token.ID()] = true
	}
	reached := 0
	for _, rec := range out.Live() {
		wantIndexed(tb, out, rec)
		if tokens[rec.ID] {
			reached++
		}
	}
	if reached > 1 && !out.Start.IsZero() {
		tb.Errorf("one session has become %d", reached)
	}
	last := out.Results[len(out.Results)-1]
	if ended := last.Done() && last.Token.IsZero() && owned; ended && reached > 0 {
		tb.Error("a session lives after its end")
	}
}

func wantIndexed(tb testing.TB, out interleave.Outcome[Log], rec session.Record[Log]) {
	tb.Helper()
	same := func(r session.Record[Log]) bool { return r.ID == rec.ID }
	if rec.Owner != "" && !slices.ContainsFunc(out.Owned(rec.Owner), same) {
		tb.Errorf("a session of %q is not found by its owner", rec.Owner)
	}
}
