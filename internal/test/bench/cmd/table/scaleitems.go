package main

import (
	"fmt"
	"strings"

	"github.com/seed48429006/sessions/internal/test/bench"
)

// itemsTable has a line for each subject and size.
func (l *lab) itemsTable(s scale) (string, error) {
	defer func(n int) { bench.Items = n }(bench.Items)
	var b strings.Builder
	row(&b, "library, store", "items", "bytes in the store", "read, µs", "change, µs", "allocations of a read", "of a change")
	rule(&b, 6)
	for _, subject := range l.subjects {
		if !compares(subject) {
			continue
		}
		for _, n := range s.items {
			bench.Items = n
			if err := l.itemsRow(&b, subject); err != nil {
				return "", fmt.Errorf("%s: %w", subject.Name(), err)
			}
		}
	}
	return b.String(), nil
}

func (l *lab) itemsRow(b *strings.Builder, s bench.Subject) error {
	app, err := s.Open(l.addr(s))
	if err != nil {
		return err
	}
	defer l.clear(s)
	defer app.Close()
	l.results = results{}
	if err := l.size(s, app, newSessions/bench.Items+10); err != nil {
		return err
	}
	cells := []string{s.Name(), count(float64(bench.Items)), l.cell(key{s.Name(), bench.New, 0, stored}, 1, count)}
	var costs []map[metric]float64
	for _, c := range []bench.Case{bench.ReadIdle, bench.Change} {
		guest, err := bench.NewGuest(app, c)
		if err != nil {
			return err
		}
		costs = append(costs, visit(guest))
	}
	for _, m := range []metric{nanoseconds, allocations} {
		for _, cost := range costs {
			if m == nanoseconds {
				cells = append(cells, decimal(cost[m]/1000))
			} else {
				cells = append(cells, count(cost[m]))
			}
		}
	}
	row(b, cells...)
	return nil
}
