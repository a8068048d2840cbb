package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/seed48429006/sessions/internal/test/bench"
)

// known is how many sessions are read.
const known = 1000

// liveTable has a line for each subject and number of sessions.
func (l *lab) liveTable(s scale) (string, error) {
	var b strings.Builder
	row(&b, "library, store", "sessions", "bytes a session", "a read, µs")
	rule(&b, 3)
	for _, subject := range l.subjects {
		if !compares(subject) || strings.HasSuffix(subject.Store, "single commands") {
			continue
		}
		sizes := s.live
		if subject.Needs != nil && len(sizes) > 2 { // a server takes too much beside few sessions, and too long for many
			sizes = sizes[1 : len(sizes)-1]
		}
		for _, n := range sizes {
			size, took, err := l.live(subject, n)
			if err != nil {
				return "", fmt.Errorf("%s: %w", subject.Name(), err)
			}
			row(&b, subject.Name(), count(float64(n)), count(size), decimal(took/1000))
		}
	}
	return b.String(), nil
}

// compares reports whether the scale cases are for a subject.
func compares(s bench.Subject) bool { return s.Library == "sessions" || s.Library == "scs" }

// live makes n sessions and returns what one takes and how long reading one takes.
func (l *lab) live(s bench.Subject, n int) (size, nanoseconds float64, err error) {
	app, err := s.Open(l.addr(s))
	if err != nil {
		return 0, 0, err
	}
	defer l.clear(s)
	defer app.Close()
	guest, err := bench.NewGuest(app, bench.New)
	if err != nil {
		return 0, 0, err
	}
	cookies := make([][256]byte, known) // in one piece, so that they do not count
	before, err := l.bytes(s, app)
	if err != nil {
		return 0, 0, err
	}
	for i := range n {
		guest.Visit()
		if step := n / known; i%step == 0 && i/step < known {
			_, cookie := guest.Response()
			copy(cookies[i/step][:], cookie+"\x00")
		}
	}
	after, err := l.bytes(s, app)
	if err != nil {
		return 0, 0, err
	}
	reader, err := bench.NewGuest(app, bench.ReadIdle)
	if err != nil {
		return 0, 0, err
	}
	var headers []string
	for _, c := range cookies {
		cookie, _, _ := strings.Cut(string(c[:]), "\x00")
		headers = append(headers, bench.Cookies(cookie))
	}
	rand.Shuffle(known, func(i, j int) { headers[i], headers[j] = headers[j], headers[i] })
	start, visits := time.Now(), 0
	for time.Since(start) < visitsFor {
		for _, header := range headers[:100] {
			reader.SetCookie(header)
			reader.Visit()
			visits++
		}
		headers = append(headers[100:], headers[:100]...)
	}
	took := time.Since(start)
	if status, _ := reader.Response(); status != 200 {
		return 0, 0, fmt.Errorf("a session cannot be read: status %d", status)
	}
	return float64(after-before) / float64(n), float64(took) / float64(visits), nil
}
