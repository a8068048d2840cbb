package main

import (
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seed48429006/sessions/internal/test/bench"
)

// The test's own program is the children's too.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		if role, found := roles[os.Args[1]]; found {
			exit(role(os.Args[2:]))
			return
		}
	}
	visitsFor, tracedFor = 5*time.Millisecond, 50*time.Millisecond
	os.Exit(m.Run())
}

func testLab(t *testing.T, p plan) *lab {
	t.Helper()
	l, err := newLab(p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.close)
	required := "SESSIONS_REQUIRE_REDIS"
	if p.sql {
		required = "SESSIONS_REQUIRE_SQL"
	}
	if len(l.missing) > 0 && os.Getenv(required) != "1" {
		t.Skipf("not installed: %v", l.missing)
	}
	return l
}

// TestMeasure measures two subjects shortly, in all ways, and checks that each cell
// that they can fill has a figure.
func TestMeasure(t *testing.T) {
	l := testLab(t, plan{rounds: 1, budget: time.Millisecond, conns: []int{1, usual}, only: regexp.MustCompile("^(sessions|scs), Redis$")})
	if err := l.measure(); err != nil {
		t.Fatal(err)
	}
	for _, s := range l.subjects {
		for _, c := range mainCases {
			for _, m := range []metric{perSecond, median, p99} {
				if v, _ := l.results.median(key{s.Name(), c, usual, m}); v <= 0 {
					t.Errorf("%s, %s: %s is %v", s.Name(), c, m, v)
				}
			}
			for _, m := range []metric{nanoseconds, allocations, heapBytes, commands, trips, sent, received} {
				if v, _ := l.results.median(key{s.Name(), c, 0, m}); v <= 0 {
					t.Errorf("%s, %s: %s is %v", s.Name(), c, m, v)
				}
			}
		}
	}
	text := tables(l)
	for _, want := range []string{"| Redis, reading, 64 connections, against scs | 3.3 × |", "| scs, Redis | 0 | 1 | 2 | 1 | 2 | 2 | 1 | 3 |"} {
		if !strings.Contains(text, want) {
			t.Errorf("the tables have no %q:\n%s", want, text)
		}
	}
}

// TestMeasureSQL does the same on SQL databases, with their sizes and CPU times.
func TestMeasureSQL(t *testing.T) {
	l := testLab(t, plan{rounds: 1, budget: time.Millisecond, conns: []int{1, usual}, sql: true, only: regexp.MustCompile("^sessions")})
	if err := l.measure(); err != nil {
		t.Fatal(err)
	}
	for _, s := range l.subjects {
		for _, k := range []key{
			{s.Name(), bench.New, 0, stored}, {s.Name(), bench.Change, usual, perSecond}, {s.Name(), bench.Read, 0, nanoseconds},
		} {
			if v, _ := l.results.median(k); v <= 0 {
				t.Errorf("%v is %v", k, v)
			}
		}
	}
	_, err := os.Stat("/proc/self/schedstat")
	if v, _ := l.results.median(key{"sessions, PostgreSQL", bench.Change, usual, serverCPU}); v <= 0 && err == nil {
		t.Errorf("the CPU time of the server is %v", v)
	}
	text, err := l.withParallel(tables(l))
	for _, want := range []string{"| PostgreSQL, changing, 64", "| sessions, PostgreSQL | 0 | 0 | 0 | 1 | 1 | 2 |", "| sessions, SQLite | 2, ", "| sessions, PostgreSQL | 2, "} {
		if err != nil || !strings.Contains(text, want) {
			t.Errorf("the tables have no %q, %v:\n%s", want, err, text)
		}
	}
	if len(l.subjects) != 2 || strings.Contains(text, "Redis, changing") {
		t.Errorf("other subjects are there:\n%s", text)
	}
}

// TestScale runs the scale cases on a small scale. No change of a session is lost.
func TestScale(t *testing.T) {
	l := testLab(t, plan{rounds: 1, only: regexp.MustCompile("^sessions, (Redis|memory)$")})
	text, err := l.scaleTables(scale{live: []int{known}, items: []int{2}, parallel: []int{20}, owned: []int{5}, pools: []int{2}, runs: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| sessions, memory | 1,000 |", "| sessions, Redis | 2 |", "| sessions, memory | 20, ", "| sessions, Redis | 20, ", "| Redis | 1 | 5 |", "| Redis | 5 | 1 |", "| Secrets, one |"} {
		if !strings.Contains(text, want) {
			t.Errorf("the tables have no %q:\n%s", want, text)
		}
	}
}

func TestScalesStop(t *testing.T) {
	got := map[int]int{}
	for _, most := range []int{1, 1000, 99_999, 1_000_000} {
		s := scales(most)
		got[most] = s.live[len(s.live)-1]
	}
	if want := map[int]int{1: 1000, 1000: 1000, 99_999: 10_000, 1_000_000: 1_000_000}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if bench.Items != 10 {
		t.Errorf("carts are left with %d items", bench.Items)
	}
}
