// Command table measures this library and others in interleaved rounds and writes
// the medians, as Markdown tables, between the marks in docs/benchmarks.md:
//
//	go run ./cmd/table          # at most twelve minutes
//	go run ./cmd/table -short   # about three
//	go run ./cmd/table -only 'sessions, Redis' -print
//	go run ./cmd/table -sql     # stores on SQLite and PostgreSQL, in tables of their own
//	go run ./cmd/table -sql -fsync -only PostgreSQL -print
//	go run ./cmd/table -scale   # how costs grow, in tables of its own
//	go run ./cmd/table -bars    # draws docs/pictures/benchmarks.svg from the tables
//
// Servers, applications and clients are processes of their own on this machine.
// System calls are counted if the program strace is installed. Stores on Redis and
// PostgreSQL are left out if the server is not.
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"time"

	"github.com/seed48429006/sessions/internal/test/bench"
)

// A plan says what to measure.
type plan struct {
	rounds int
	budget time.Duration // about how long all of it takes
	conns  []int
	others bool // also end to end: the cases beside the main ones
	only   *regexp.Regexp
	sql    bool // stores on SQL databases, and no others
}

func main() {
	if len(os.Args) > 1 {
		if role, found := roles[os.Args[1]]; found {
			exit(role(os.Args[2:]))
			return
		}
	}
	exit(run())
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "table:", err)
		os.Exit(1)
	}
}

func run() error {
	short := flag.Bool("short", false, "measure less, for about three minutes")
	only := flag.String("only", "", "measure the subjects whose names this regular expression matches")
	show := flag.Bool("print", false, "print the tables and leave the document as it is")
	out := flag.String("o", "../../../docs/benchmarks.md", "the document")
	rounds := flag.Int("rounds", 0, "how many rounds; zero means five, or three with -short")
	budget := flag.Duration("budget", 0, "about how long to measure; zero means eleven minutes, or three with -short, and a third of that with -sql")
	sql := flag.Bool("sql", false, "measure the stores on SQL databases, and nothing else")
	flag.BoolVar(&bench.Fsync, "fsync", false, "with -sql, let PostgreSQL wait for the disk")
	grow := flag.Bool("scale", false, "measure how costs grow with the number and size of sessions, and nothing else")
	most := flag.Int("most", 1_000_000, "with -scale, the most live sessions")
	redraw := flag.Bool("bars", false, "measure nothing, and draw the document's tables as bars")
	picture := flag.String("picture", "../../../docs/pictures/benchmarks.svg", "the picture of the tables")
	flag.Parse()
	if *redraw {
		return drawBars(*out, *picture)
	}
	p := plan{rounds: 5, budget: 11 * time.Minute, conns: []int{1, 16, 64, 256}, others: true}
	if *short {
		p = plan{rounds: 3, budget: 3 * time.Minute, conns: []int{1, 64, 256}}
	}
	if p.sql = *sql; p.sql {
		p.budget /= 3
	}
	if *rounds > 0 {
		p.rounds = *rounds
	}
	if *budget > 0 {
		p.budget = *budget
	}
	var err error
	if p.only, err = regexp.Compile(*only); err != nil {
		return err
	}
	l, err := newLab(p)
	if err != nil {
		return err
	}
	defer l.close()
	name, text := "tables", ""
	if *grow {
		name = "scale"
		text, err = l.scaleTables(scales(*most))
	} else if err = l.measure(); err == nil {
		text = tables(l)
	}
	if *sql && err == nil {
		name = "sql"
		text, err = l.withParallel(text)
	}
	if err != nil {
		return err
	}
	fmt.Print(text)
	if *show {
		return nil
	}
	if err := replace(*out, name, text); err != nil || name != "tables" {
		return err
	}
	return drawBars(*out, *picture)
}
