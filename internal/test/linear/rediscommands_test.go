package linear

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/interleave"
	"github.com/seed48429006/sessions/internal/test/redisserver"
	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
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
		PoolSize: 100_000, // a command that dies or is given up may keep its turn
	})
	t.Cleanup(func() { client.Close() })
	loadScripts(t, client)
	client.AddHook(commandSteps{})

	adas := func(l *Log) { l.Owner = "ada" }
	logIn := func(s *session.Session[Log]) { s.LogIn(adas) }
	changeOwner := func(s *session.Session[Log]) { s.Update(adas) }
	bobLogsIn := func(s *session.Session[Log]) { s.LogIn(func(l *Log) { *l = Log{Owner: "bob"} }) }
	note := func(s *session.Session[Log]) { s.Update(func(l *Log) { l.Notes = append(l.Notes, 1) }) }
	read := func(s *session.Session[Log]) { s.Value() }
	forget := func(s *session.Session[Log]) { s.Remember(true) }
	renew := func(s *session.Session[Log]) { s.Renew() }
	logOut := func(s *session.Session[Log]) { s.Destroy() }
	revoke := func(ctx context.Context, store session.Store[Log]) error {
		m, err := middleware.New(store, nil)
		if err != nil {
			return err
		}
		_, err = m.RevokeAll(ctx, "ada", "")
		return err
	}

	type handlers = []func(*session.Session[Log])
	type others = []func(context.Context, session.Store[Log]) error
	anonymous, ada := Log{Notes: []byte{0}}, Log{Owner: "ada", Notes: []byte{0}}
	const hour = 59 * time.Minute // within the idle timeout
	rotates := &session.Policy{RotateEvery: time.Minute}
	for name, o := range map[string]struct {
		interleave.Overlap[Log]
		opens    bool // each token of a successful response
		sessions int  // how many there may be
	}{
		"change of owner and update":       {interleave.Overlap[Log]{Start: anonymous, Handlers: handlers{changeOwner, note}}, false, 1},
		"change of owner and revocation":   {interleave.Overlap[Log]{Start: anonymous, Handlers: handlers{changeOwner}, Others: others{revoke}}, false, 1},
		"log-in and update":                {interleave.Overlap[Log]{Start: anonymous, Handlers: handlers{logIn, note}}, false, 1},
		"log-in and reading":               {interleave.Overlap[Log]{Start: anonymous, Handlers: handlers{read, logIn}}, false, 1},
		"log-in and log-out":               {interleave.Overlap[Log]{Start: anonymous, Handlers: handlers{logIn, logOut}}, false, 1},
		"double click":                     {interleave.Overlap[Log]{Start: anonymous, Handlers: handlers{logIn, logIn}}, true, 1},
		"double click of a user":           {interleave.Overlap[Log]{Start: ada, Handlers: handlers{logIn, logIn}}, true, 1},
		"double click, rotation due":       {interleave.Overlap[Log]{Start: ada, Age: hour, Policy: rotates, Handlers: handlers{logIn, logIn}}, true, 1},
		"log-ins of two":                   {interleave.Overlap[Log]{Start: anonymous, Handlers: handlers{logIn, bobLogsIn}}, true, 2},
		"two new log-ins":                  {interleave.Overlap[Log]{Handlers: handlers{logIn, logIn}}, true, 2},
		"log-in and rotation":              {interleave.Overlap[Log]{Start: ada, Age: hour, Policy: rotates, Handlers: handlers{read, logIn}}, false, 1},
		"two rotations":                    {interleave.Overlap[Log]{Start: ada, Age: hour, Policy: rotates, Handlers: handlers{read, read}}, true, 1},
		"rotation and update":              {interleave.Overlap[Log]{Start: ada, Age: hour, Policy: rotates, Handlers: handlers{read, note}}, true, 1},
		"rotation and log-out":             {interleave.Overlap[Log]{Start: ada, Age: hour, Policy: rotates, Handlers: handlers{read, logOut}}, false, 1},
		"a cookie for the browser, update": {interleave.Overlap[Log]{Start: ada, Handlers: handlers{forget, note}}, true, 1},
		"renewal and log-out":              {interleave.Overlap[Log]{Start: ada, Handlers: handlers{renew, logOut}}, false, 1},
		"renewal and revocation":           {interleave.Overlap[Log]{Start: ada, Handlers: handlers{renew}, Others: others{revoke}}, false, 1},
		"log-in and revocation":            {interleave.Overlap[Log]{Start: anonymous, Handlers: handlers{logIn}, Others: others{revoke}}, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			o.Fine, o.Faults = true, []interleave.Fault{interleave.Dies}
			o.Store = func() session.Store[Log] {
				if err := client.FlushDB(context.Background()).Err(); err != nil {
					t.Error(err)
				}
				return inline{redisStore(t, client, "linear").(*redisstore.Store[Log])}
			}
			o.Run(t, func(tb testing.TB, out interleave.Outcome[Log]) {
				wantConsistent(tb, out, o.Start.Owner == "ada")
				if n := len(out.Live()); n > o.sessions {
					tb.Errorf("%d sessions live", n)
				}
				for i, r := range out.Results {
					if o.opens && r.Done() && !out.Opens(r.Token) {
						tb.Errorf("the token of response %d opens nothing", i)
					}
				}
			})
		})
	}
}

// An inline store sends each command in the goroutine of its caller, where a process that
// dies can be told to: commands whose context can end have a goroutine of their own.
type inline struct{ *redisstore.Store[Log] }

func (i inline) Load(ctx context.Context, id session.ID) (record, error) {
	return i.Store.Load(context.WithoutCancel(ctx), id)
}

func (i inline) Open(ctx context.Context, id session.ID, accepts func(session.Secrets) bool) (record, bool, error) {
	return i.Store.Open(context.WithoutCancel(ctx), id, accepts)
}

func (i inline) Save(ctx context.Context, rec *record) error {
	return i.Store.Save(context.WithoutCancel(ctx), rec)
}

func (i inline) Touch(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
	return i.Store.Touch(context.WithoutCancel(ctx), id, rev, expires)
}

func (i inline) Delete(ctx context.Context, id session.ID, rev session.Revision) error {
	return i.Store.Delete(context.WithoutCancel(ctx), id, rev)
}

func (i inline) ByOwner(ctx context.Context, owner string) iter.Seq2[record, error] {
	return i.Store.ByOwner(context.WithoutCancel(ctx), owner)
}

func (i inline) OutlinesByOwner(ctx context.Context, owner string) iter.Seq2[record, error] {
	return i.Store.OutlinesByOwner(context.WithoutCancel(ctx), owner)
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

// wantConsistent checks the sessions that are left.
func wantConsistent(tb testing.TB, out interleave.Outcome[Log], owned bool) {
	tb.Helper()
	for _, r := range out.Results {
		if r.Err != nil && !errors.Is(r.Err, session.ErrGone) {
			tb.Errorf("a request failed: %v", r.Err)
		}
	}
	reached := false
	for _, rec := range out.Live() {
		wantIndexed(tb, out, rec)
		reached = reached || rec.ID == out.Start.ID()
	}
	last := out.Results[len(out.Results)-1]
	if ended := last.Done() && last.Token.IsZero() && owned; ended && reached {
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
