package codectest

import (
	"fmt"
	"slices"
	"strings"
)

// A part is a line of the text that render returns.
type part struct{ path, value string }

// parts returns the parts of a text. A line without a path goes on with the one before.
func parts(text string) (all []part) {
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		path, value, ok := strings.Cut(line, ": ")
		switch {
		case ok:
			all = append(all, part{path, value})
		case len(all) > 0:
			all[len(all)-1].value += "\n" + line
		}
	}
	return all
}

// inWords describes how a session with the first text would change if it was read as the
// second: a line for each part that changes.
func inWords(before, now string) string {
	w := words{was: parts(before), is: parts(now)}
	for _, p := range w.was {
		value, stays := find(w.is, p.path)
		if stays && value == p.value || slices.Contains(w.said, p.path) {
			continue
		}
		w.changed(p, value, stays)
	}
	for _, p := range w.is {
		if _, was := find(w.was, p.path); !was && !slices.Contains(w.said, p.path) {
			w.say("%s would be %s, and was nothing", p.path, p.value)
		}
	}
	return w.String()
}

type words struct {
	strings.Builder
	was, is []part
	said    []string // paths
}

func (w *words) say(format string, args ...any) { fmt.Fprintf(w, "  "+format+"\n", args...) }

// changed says what becomes of a part.
func (w *words) changed(p part, value string, stays bool) {
	to, moved := w.destination(p)
	back, _ := find(w.is, p.path)
	old, wasThere := find(w.was, to)
	switch {
	case moved && stays && wasThere && old == back:
		w.say("%s and %s would be exchanged", p.path, to)
		w.said = append(w.said, to)
	case moved && !stays && !wasThere:
		w.say("%s would become %s", p.path, to)
		w.said = append(w.said, to)
	case stays:
		w.say("%s was %s, and would become %s", p.path, p.value, value)
	default:
		w.say("%s was %s, and would be lost", p.path, p.value)
	}
}

// destination returns the only changed path where the part's value would be.
func (w *words) destination(p part) (path string, found bool) {
	for _, q := range w.is {
		if old, _ := find(w.was, q.path); q.value != p.value || old == q.value {
			continue
		}
		if found {
			return "", false
		}
		path, found = q.path, true
	}
	return path, found
}

func find(all []part, path string) (value string, ok bool) {
	i := slices.IndexFunc(all, func(p part) bool { return p.path == path })
	if i < 0 {
		return "", false
	}
	return all[i].value, true
}
