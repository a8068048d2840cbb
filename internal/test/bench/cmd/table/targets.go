package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/seed48429006/sessions/internal/test/bench"
)

// A target is a ratio that the library is to reach.
type target struct {
	text     string
	atLeast  float64
	of, to   key
	inverted bool // less is better, as it is for time
}

var targets = []target{
	{"memory, reading, 64 connections, against the bare handler", 0.85, end("sessions, memory", bench.ReadIdle, 64), end("bare handler, net/http", bench.ReadIdle, 64), false},
	{"memory, reading, in process, against scs", 15, in("sessions, memory", bench.ReadIdle), in("scs, memory", bench.ReadIdle), true},
	{"memory, changing, in process, against scs", 10, in("sessions, memory", bench.Change), in("scs, memory", bench.Change), true},
	{"memory, new, in process, against scs", 2.5, in("sessions, memory", bench.New), in("scs, memory", bench.New), true},
	{"Redis, reading, 64 connections, against scs", 3.3, end("sessions, Redis", bench.ReadIdle, 64), end("scs, Redis", bench.ReadIdle, 64), false},
	{"Redis, changing, 64 connections, against scs", 2.2, end("sessions, Redis", bench.Change, 64), end("scs, Redis", bench.Change, 64), false},
	{"Redis, changing, 256 connections, against scs", 2.2, end("sessions, Redis", bench.Change, 256), end("scs, Redis", bench.Change, 256), false},
	{"Redis, changing, in process, against scs", 1, in("sessions, Redis", bench.Change), in("scs, Redis", bench.Change), true},
	{"Redis, reading, one connection, against single commands", 1, end("sessions, Redis", bench.ReadIdle, 1), end("sessions, Redis single commands", bench.ReadIdle, 1), false},
	{"Redis, changing, one connection, against single commands", 1, end("sessions, Redis", bench.Change, 1), end("sessions, Redis single commands", bench.Change, 1), false},
	{"Redis with the near cache, reading, 64 connections, against scs", 4.3, end("sessions, Redis near cache", bench.ReadIdle, 64), end("scs, Redis", bench.ReadIdle, 64), false},
	{"Redis with the near cache, changing, 64 connections, against scs", 2.5, end("sessions, Redis near cache", bench.Change, 64), end("scs, Redis", bench.Change, 64), false},
	{"Redis with the near cache, changing, 64 connections, against no near cache", 1.6, end("sessions, Redis near cache", bench.Change, 64), end("sessions, Redis", bench.Change, 64), false},
	{"Redis with the near cache, changing, one connection, against no near cache", 1.6, end("sessions, Redis near cache", bench.Change, 1), end("sessions, Redis", bench.Change, 1), false},
}

// sqlTargets are the targets of stores on SQL databases.
var sqlTargets = []target{
	{"SQLite, reading, 64 connections, against scs", 3.5, end("sessions, SQLite", bench.ReadIdle, 64), end("scs, SQLite", bench.ReadIdle, 64), false},
	{"SQLite, changing, one connection, against scs", 1, end("sessions, SQLite", bench.Change, 1), end("scs, SQLite", bench.Change, 1), false},
	{"SQLite, changing, 64 connections, against scs", 4, end("sessions, SQLite", bench.Change, 64), end("scs, SQLite", bench.Change, 64), false},
	{"PostgreSQL, reading, one connection, against scs", 1, end("sessions, PostgreSQL", bench.ReadIdle, 1), end("scs, PostgreSQL", bench.ReadIdle, 1), false},
	{"PostgreSQL, reading, 64 connections, against scs", 3.5, end("sessions, PostgreSQL", bench.ReadIdle, 64), end("scs, PostgreSQL", bench.ReadIdle, 64), false},
	{"PostgreSQL, reading, 64 connections, against scs by pgxpool", 3.5, end("sessions, PostgreSQL", bench.ReadIdle, 64), end("scs, PostgreSQL by pgxpool", bench.ReadIdle, 64), false},
	{"PostgreSQL, changing, one connection, against scs", 1, end("sessions, PostgreSQL", bench.Change, 1), end("scs, PostgreSQL", bench.Change, 1), false},
	{"PostgreSQL, changing, 64 connections, against scs", 1.8, end("sessions, PostgreSQL", bench.Change, 64), end("scs, PostgreSQL", bench.Change, 64), false},
	{"PostgreSQL, changing, 64 connections, against scs by pgxpool", 1.8, end("sessions, PostgreSQL", bench.Change, 64), end("scs, PostgreSQL by pgxpool", bench.Change, 64), false},
}

func end(subject string, c bench.Case, conns int) key { return key{subject, c, conns, perSecond} }

func in(subject string, c bench.Case) key { return key{subject, c, 0, nanoseconds} }

// noise is by how much a ratio may miss its target: two runs of one program
// differ by as much.
const noise = 0.03

// measured reports false if a side of the target is not in the results.
func (t *target) measured(r results) (float64, bool) {
	if t.inverted {
		return r.ratio(t.to, t.of)
	}
	return r.ratio(t.of, t.to)
}

func targetsTable(targets []target, r results) string {
	var b strings.Builder
	b.WriteString("| target | at least | measured | |\n|---|---|---|---|\n")
	for _, t := range targets {
		ratio, found := t.measured(r)
		verdict := "met"
		if ratio < t.atLeast-t.atLeast*noise {
			verdict = "**missed**"
		}
		if !found {
			fmt.Fprintf(&b, "| %s | %v × | | not measured |\n", t.text, t.atLeast)
			continue
		}
		fmt.Fprintf(&b, "| %s | %v × | %v × | %s |\n", t.text, t.atLeast, math.Round(ratio*100)/100, verdict)
	}
	return b.String()
}
