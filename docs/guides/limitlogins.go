package guides

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// A Limiter bounds how often a key may fail: a user's name, or a client's address. It is
// for one process. Several servers count in Redis by INCR and EXPIRE.
type Limiter struct {
	Failures int           // that are allowed
	Within   time.Duration // this time

	mu    sync.Mutex
	count map[string]failures
}

type failures struct {
	n     int
	until time.Time
}

// maxKeys bounds the memory of a Limiter.
const maxKeys = 100_000

// Wait returns how long the key must wait; zero if it need not.
func (l *Limiter) Wait(key string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.count[key]
	if f.n < l.Failures {
		return 0
	}
	return max(0, time.Until(f.until))
}

// Failed counts a failure.
func (l *Limiter) Failed(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if len(l.count) >= maxKeys {
		for k, f := range l.count {
			if now.After(f.until) {
				delete(l.count, k)
			}
		}
	}
	if l.count == nil || len(l.count) >= maxKeys {
		l.count = map[string]failures{}
	}
	f := l.count[key]
	if now.After(f.until) {
		f = failures{until: now.Add(l.Within)}
	}
	f.n++
	l.count[key] = f
}

// Limited lets a log-in through unless any of its keys has failed too often.
func Limited(next http.Handler, limits map[*Limiter]func(*http.Request) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for limiter, key := range limits {
			if wait := limiter.Wait(key(r)); wait > 0 {
				w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
				http.Error(w, "Too many tries. Please wait.", http.StatusTooManyRequests)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
