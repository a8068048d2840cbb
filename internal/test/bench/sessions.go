package bench

import (
	"context"
	"net/http"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/stores/memstore"
	"github.com/seed48429006/sessions/stores/redisstore"
)

var (
	sessionsMemory = Subject{Library: "sessions", Store: "memory", Open: func(string) (App, error) {
		return SessionsOn(memstore.New[Cart](nil), nil)
	}}
	sessionsRedis = Subject{Library: "sessions", Store: "Redis single commands", Needs: Redis, Open: func(addr string) (App, error) {
		return SessionsSingle(addr, 0)
	}}
	sessionsRedisCombined = Subject{Library: "sessions", Store: "Redis", Needs: Redis, Open: func(addr string) (App, error) {
		return SessionsOnRedis("redis://"+addr, sessions.Options{}, redisstore.Options{})
	}}
	sessionsRedisNear = Subject{Library: "sessions", Store: "Redis near cache", Needs: Redis, Open: func(addr string) (App, error) {
		return SessionsOnRedis("redis://"+addr, sessions.Options{}, redisstore.Options{NearCache: NearCache})
	}}
)

// NearCache is a cache for the sessions of one run.
var NearCache = redisstore.NearCache{Records: 10_000}

// single is a client whose commands redisstore does not combine: it knows only
// clients of go-redis's own types.
type single struct{ *redis.Client }

// SessionsOnRedis returns an application with a client that redisstore makes.
func SessionsOnRedis(url string, o sessions.Options, so redisstore.Options) (App, error) {
	store, err := redisstore.Open(context.Background(), url, "bench", codec.MessagePack[Cart](), &so)
	if err != nil {
		return nil, err
	}
	return SessionsWith(o, store, store.Close)
}

// SessionsSingle returns an application with a client that sends each command by
// itself, on so many connections. Zero is the default of go-redis.
func SessionsSingle(addr string, poolSize int) (App, error) {
	client := redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true, PoolSize: poolSize})
	store, err := redisstore.New(single{client}, "bench", codec.MessagePack[Cart](), nil)
	if err != nil {
		return nil, err
	}
	return SessionsOn(store, client.Close)
}

// SessionsOn returns an application of sessions with a store. To close it calls
// the function, unless that is nil.
func SessionsOn(store sessions.Store[Cart], close func() error) (App, error) {
	return SessionsWith(sessions.Options{}, store, close)
}

// SessionsWith is [SessionsOn] with more options than the idle timeout.
func SessionsWith(o sessions.Options, store sessions.Store[Cart], close func() error) (App, error) {
	o.IdleTimeout = IdleTimeout
	idle, err := sessions.New(store, &o)
	if err != nil {
		return nil, err
	}
	o.IdleTimeout = -1
	always, err := sessions.New(store, &o)
	if err != nil {
		return nil, err
	}
	handlers := map[Case]http.HandlerFunc{
		NoCookie: nothing, NotUsed: nothing, NotUsedIdle: nothing,
		Read: readSession, ReadIdle: readSession,
		Change: sessions.Handle(changeSession), New: sessions.Handle(changeSession), LogIn: sessions.Handle(logInSession),
		Count: sessions.Handle(func(w http.ResponseWriter, r *http.Request, s *sessions.Session[Cart]) { tell(w, s.Value()) }),
	}
	app := &webApp{cases: map[Case]http.Handler{}, close: close}
	for c, h := range handlers {
		app.cases[c] = always.Handler(h)
		if c.Idle() {
			app.cases[c] = idle.Handler(h)
		}
	}
	return app, nil
}

func readSession(w http.ResponseWriter, r *http.Request) {
	s, err := sessions.FromContext[Cart](r.Context())
	if err != nil || len(s.Value().Items) != Items {
		fail(w, "no cart")
		return
	}
	w.Write(done)
}

func changeSession(w http.ResponseWriter, r *http.Request, s *sessions.Session[Cart]) {
	s.Update(func(c *Cart) {
		if len(c.Items) == 0 {
			*c = NewCart()
		}
		c.Items[0].Quantity++
	})
	w.Write(done)
}

func logInSession(w http.ResponseWriter, r *http.Request, s *sessions.Session[Cart]) {
	if len(s.Value().Items) != Items {
		fail(w, "no cart")
		return
	}
	s.LogIn(func(c *Cart) { c.Customer = customer })
	w.Write(done)
}
