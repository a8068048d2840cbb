package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/seed48429006/sessions/internal/test/bench"
)

// caseNames are the heads of columns.
var caseNames = map[bench.Case]string{
	bench.NoCookie: "no cookie", bench.NotUsed: "not used", bench.NotUsedIdle: "not used, idle timeout",
	bench.Read: "read", bench.ReadIdle: "read, idle timeout", bench.Change: "change", bench.New: "new", bench.LogIn: "log-in",
}

// tables returns everything that was measured, as Markdown.
func tables(l *lab) string {
	var b strings.Builder
	part := func(title, text, table string) { fmt.Fprintf(&b, "### %s\n\n%s%s\n", title, text, table) }
	b.WriteString(machine(l, fmt.Sprint("medians of ", l.rounds)) + "\n")
	part("Targets", "Each ratio is the median of the rounds' ratios. One within 3 % of its target counts as met.\n\n", targetsTable(l.targets(), l.results))
	for _, c := range mainCases {
		part("End to end: "+caseNames[c], "Requests a second with 1 to 256 connections; the rest is with 64. CPU times and system calls are those of one request.\n\n", l.endTable(c))
	}
	if l.others {
		part("End to end: other cases", "Requests a second with 64 connections.\n\n", l.matrix(usual, perSecond, 1, count))
	}
	part("In process: time of a request, µs", "", l.matrix(0, nanoseconds, 1000, decimal))
	part("In process: allocations of a request", "", l.matrix(0, allocations, 1, count))
	part("In process: allocated bytes of a request", "", l.matrix(0, heapBytes, 1, count))
	part("Commands of a request", "Commands that go to Redis, of which a script is one, and statements that go to PostgreSQL. They are of one visitor who asks again at once. A near cache sends some of them on its own connection, after the response.\n\n", l.matrix(0, commands, 1, decimal))
	part("Round trips of a request", "", l.matrix(0, trips, 1, decimal))
	part("Bytes a request sends to the server", "", l.matrix(0, sent, 1, count))
	part("Bytes a request receives from the server", "", l.matrix(0, received, 1, count))
	part("Bytes of a session of ten items", "In the store: of the heap in process, of the server's own count of its data, or of the file.\n\n", l.sizeTable())
	return b.String()
}

func (l *lab) targets() []target {
	if l.sql {
		return sqlTargets
	}
	return targets
}

// withParallel adds what parallel changes of one session do.
func (l *lab) withParallel(text string) (string, error) {
	s := scale{parallel: []int{2, 10, 50}, runs: 5}
	table, err := l.parallelTable(s)
	return fmt.Sprintf("%s### %s\n\n%s\n\n%s", text, parallelTitle, parallelText(s), table), err
}

// endTable has a line for each subject.
func (l *lab) endTable(c bench.Case) string {
	var b strings.Builder
	head := []string{"library, store"}
	for _, n := range l.conns {
		head = append(head, fmt.Sprint(n))
	}
	row(&b, append(head, "p50, ms", "p99, ms", "CPU, application, µs", "CPU, server, µs", "system calls")...)
	rule(&b, len(l.conns)+5)
	for _, s := range l.subjects {
		at := func(m metric, conns int) key { return key{s.Name(), c, conns, m} }
		cells := []string{s.Name()}
		for _, n := range l.conns {
			cells = append(cells, l.cell(at(perSecond, n), 1, count))
		}
		cells = append(cells, l.cell(at(median, usual), 1e6, decimal), l.cell(at(p99, usual), 1e6, decimal),
			l.cell(at(cpu, usual), 1e3, count), l.cell(at(serverCPU, usual), 1e3, decimal), l.cell(at(calls, usual), 1, decimal))
		if _, found := l.results.median(at(perSecond, usual)); found {
			row(&b, cells...)
		}
	}
	return b.String()
}

// matrix has a line for each subject and a column for each case. Values are
// divided by the unit. Subjects without any value are left out.
func (l *lab) matrix(conns int, m metric, unit float64, format func(float64) string) string {
	var b strings.Builder
	head := []string{"library, store"}
	for _, c := range bench.Cases() {
		head = append(head, caseNames[c])
	}
	row(&b, head...)
	rule(&b, len(bench.Cases()))
	for _, s := range l.subjects {
		cells, any := []string{s.Name()}, false
		for _, c := range bench.Cases() {
			k := key{s.Name(), c, conns, m}
			_, found := l.results.median(k)
			any = any || found
			cells = append(cells, l.cell(k, unit, format))
		}
		if any {
			row(&b, cells...)
		}
	}
	return b.String()
}

func (l *lab) sizeTable() string {
	var b strings.Builder
	row(&b, "library, store", "in the store", "in the cookie")
	rule(&b, 2)
	for _, s := range l.subjects {
		if v, _ := l.results.median(key{s.Name(), bench.New, 0, cookieBytes}); v > 0 {
			row(&b, s.Name(), l.cell(key{s.Name(), bench.New, 0, stored}, 1, count), count(v))
		}
	}
	return b.String()
}

// cell is empty if the key was not measured.
func (l *lab) cell(k key, unit float64, format func(float64) string) string {
	v, found := l.results.median(k)
	if !found {
		return ""
	}
	return format(v / unit)
}

func row(b *strings.Builder, cells ...string) {
	fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
}

// rule ends the head of a table with n columns of numbers.
func rule(b *strings.Builder, n int) {
	b.WriteString("|---|" + strings.Repeat("---:|", n) + "\n")
}

// count writes a number without a fraction, in groups of three digits.
func count(v float64) string {
	digits := fmt.Sprintf("%.0f", math.Abs(v))
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	if v <= -0.5 {
		return "-" + digits
	}
	return digits
}

// decimal writes a number with the digits that tell something.
func decimal(v float64) string {
	switch {
	case v >= 100:
		return count(v)
	case v == math.Trunc(v) || v >= 10:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0")
	}
	return fmt.Sprintf("%.2f", v)
}
