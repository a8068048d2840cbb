package main

import (
	"sync"
	"time"
)

// A fileStore is the application's own store. (It has no files; tests want none.)
type fileStore struct {
	dir  string
	mu   sync.Mutex
	data map[string][]byte
}

func newFileStore(dir string) *fileStore {
	return &fileStore{dir: dir, data: map[string][]byte{}}
}

func (s *fileStore) Find(token string) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.data[token]
	return b, ok, nil
}

func (s *fileStore) Commit(token string, b []byte, expiry time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data[token] = b
	return nil
}

func (s *fileStore) Delete(token string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.data, token)
	return nil
}
