package main

import (
	"crypto/rand"
	"maps"
	"net/http"
	"sync"

	"github.com/gorilla/sessions"
)

// A mapStore is the application's own store.
type mapStore struct {
	mu     sync.Mutex
	values map[string]map[any]any
}

func newMapStore() *mapStore { return &mapStore{values: map[string]map[any]any{}} }

func (s *mapStore) Get(r *http.Request, name string) (*sessions.Session, error) {
	return sessions.GetRegistry(r).Get(s, name)
}

func (s *mapStore) New(r *http.Request, name string) (*sessions.Session, error) {
	session := sessions.NewSession(s, name)
	session.Options = &sessions.Options{Path: "/", MaxAge: 3600}
	session.IsNew = true
	cookie, err := r.Cookie(name)
	if err != nil {
		return session, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if values, ok := s.values[cookie.Value]; ok {
		session.ID, session.IsNew, session.Values = cookie.Value, false, map[any]any{}
		maps.Copy(session.Values, values)
	}
	return session, nil
}

func (s *mapStore) Save(r *http.Request, w http.ResponseWriter, session *sessions.Session) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if session.Options.MaxAge < 0 {
		delete(s.values, session.ID)
	} else {
		if session.ID == "" {
			session.ID = rand.Text()
		}
		s.values[session.ID] = session.Values
	}
	http.SetCookie(w, sessions.NewCookie(session.Name(), session.ID, session.Options))
	return nil
}
