// Movesessions moves a program from alexedwards/scs to package sessions.
//
//	go run github.com/seed48429006/sessions/cmd/movesessions@latest -n ./...
//
// It finds the keys of the program's sessions and proposes a type for them. It
// rewrites the calls that it understands, and lists the others: place, reason, and
// the section of the guide. With -n it shows the changes and writes nothing.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/seed48429006/sessions/cmd/internal/move"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "movesessions:", err)
		os.Exit(1)
	}
}

func run() error {
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: movesessions [-n] [-f] [-type Visit] [package ...]")
		flag.PrintDefaults()
	}
	dry := flag.Bool("n", false, "show the changes and write nothing")
	force := flag.Bool("f", false, "write although the work tree has changes that are not committed")
	typ := flag.String("type", "Visit", "the name of the session's `type`")
	flag.Parse()
	patterns := flag.Args()
	if len(patterns) == 0 {
		patterns = []string{"./..."}
	}
	if !*dry && !*force {
		if err := clean(); err != nil {
			return err
		}
	}
	result, err := move.Run(&move.Options{Dir: ".", Patterns: patterns, Type: *typ})
	if err != nil {
		return err
	}
	if *dry {
		diff, err := result.Diff()
		if err != nil {
			return err
		}
		fmt.Print(diff, "\n")
	} else if err := result.Write(); err != nil {
		return err
	}
	fmt.Print(result.Report())
	if !*dry {
		fmt.Print(`
Next:
  go get github.com/seed48429006/sessions && go mod tidy
  go vet ./... && go test ./...
then the lists above, and the guide: https://github.com/seed48429006/sessions/tree/main/docs/guides
`)
	}
	return nil
}

// clean returns an error if the work tree has changes, so that git can show what
// this program has done, and undo it.
func clean() error {
	out, err := exec.Command("git", "status", "--porcelain").Output()
	if err != nil {
		return fmt.Errorf("git status: %w; -f writes without it", err)
	}
	if len(out) > 0 {
		return fmt.Errorf("the work tree has changes; commit them, or use -f:\n%s", strings.TrimRight(string(out), "\n"))
	}
	return nil
}
