package main

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// A scale is how far the scale cases go.
type scale struct {
	live     []int // sessions; on a server neither the first nor the last of them
	items    []int // of a cart
	parallel []int // changes of one session
	owned    []int // sessions of one owner
	pools    []int // connections to Redis
	runs     int   // of parallel changes
}

// scales returns the cases up to a number of live sessions.
func scales(most int) scale {
	s := scale{
		live: []int{1000, 10_000, 100_000, 1_000_000}, items: []int{1, 10, 140, 1400},
		parallel: []int{2, 10, 50, 200}, owned: []int{1, 10, 100, 1000, 10_000}, pools: []int{1, 2, 4, 10, 20, 64}, runs: 5,
	}
	for len(s.live) > 1 && s.live[len(s.live)-1] > most {
		s.live = s.live[:len(s.live)-1]
	}
	return s
}

// scaleTables measures how costs grow, and returns the tables.
func (l *lab) scaleTables(s scale) (string, error) {
	var b strings.Builder
	for _, part := range []struct {
		title, text string
		table       func(scale) (string, error)
	}{
		{"Live sessions", "Bytes of a session of ten items, its value included, and the time of a request that reads one of them at random, under an idle timeout.", l.liveTable},
		{"Size of a session", "Time of a request with carts of several sizes, in process, one at a time.", l.itemsTable},
		{parallelTitle, parallelText(s), l.parallelTable},
		{"Sessions of one owner", "Listing and ending the sessions of one owner, in process.", l.ownersTable},
		{"Connections to Redis", "Requests a second of 64 visitors at once, in process.", l.poolTable},
		{"Options", "Time of a request on Redis, in process, one at a time. The replica is on the same machine.", l.optionsTable},
	} {
		fmt.Fprintf(os.Stderr, "%6.0fs %s\n", time.Since(l.began).Seconds(), part.title)
		table, err := part.table(s)
		if err != nil {
			return "", fmt.Errorf("%s: %w", part.title, err)
		}
		fmt.Fprintf(&b, "### %s\n\n%s\n\n%s\n", part.title, part.text, table)
	}
	return machine(l, "one run") + "\n" + b.String(), nil
}
