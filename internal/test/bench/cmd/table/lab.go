package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/seed48429006/sessions/internal/test/bench"
)

// A lab has the subjects, the servers that they need, and the results.
type lab struct {
	plan
	began    time.Time
	subjects []bench.Subject
	servers  map[*bench.Service]bench.Server
	missing  []string // services that are not installed
	results  results

	taken int           // samples, end to end
	asked time.Duration // how long they took
}

func newLab(p plan) (*lab, error) {
	l := &lab{plan: p, began: time.Now(), servers: map[*bench.Service]bench.Server{}, results: results{}}
	for _, s := range bench.Subjects() {
		if p.sql != s.SQL || !p.only.MatchString(s.Name()) {
			continue
		}
		err := l.start(s.Needs)
		if errors.Is(err, bench.ErrNotInstalled) {
			l.missing = append(l.missing, s.Needs.Name)
			continue
		}
		if err != nil {
			l.close()
			return nil, err
		}
		l.subjects = append(l.subjects, s)
	}
	return l, nil
}

func (l *lab) start(s *bench.Service) error {
	if s == nil || l.servers[s] != nil {
		return nil
	}
	server, err := s.Start()
	if err == nil {
		l.servers[s] = server
	}
	return err
}

func (l *lab) close() {
	for _, s := range l.servers {
		s.Stop()
	}
}

// server returns the server of a subject, or nil.
func (l *lab) server(s bench.Subject) bench.Server {
	if s.Needs == nil {
		return nil
	}
	return l.servers[s.Needs]
}

// addr returns the address of a subject's server, if it has one.
func (l *lab) addr(s bench.Subject) string {
	if server := l.server(s); server != nil {
		return server.Addr()
	}
	return ""
}

func (l *lab) clear(s bench.Subject) error {
	if server := l.server(s); server != nil {
		return server.Clear()
	}
	return nil
}

// measure makes all rounds. Each one measures every subject, so that a slow time of the
// machine does not fall on one subject alone.
func (l *lab) measure() error {
	for round := range l.rounds {
		for _, s := range l.subjects {
			fmt.Fprintf(os.Stderr, "%6.0fs round %d of %d: %s\n", time.Since(l.began).Seconds(), round+1, l.rounds, s.Name())
			if err := errors.Join(l.inProcess(s), l.clear(s), l.endToEnd(s), l.clear(s)); err != nil {
				return fmt.Errorf("%s: %w", s.Name(), err)
			}
		}
	}
	for _, s := range l.subjects {
		if err := errors.Join(l.line(s), l.systemCalls(s), l.clear(s)); err != nil {
			return fmt.Errorf("%s: %w", s.Name(), err)
		}
	}
	return nil
}
