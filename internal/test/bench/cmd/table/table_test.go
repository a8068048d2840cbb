package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/internal/test/bench"
)

func TestReplace(t *testing.T) {
	for _, tt := range []struct{ document, want string }{
		{"a\n<!-- begin t -->\nold\n<!-- end t -->\nb\n", "a\n<!-- begin t -->\n\nnew\n\n<!-- end t -->\nb\n"},
		{"<!-- begin t -->\n<!-- end t -->", "<!-- begin t -->\n\nnew\n\n<!-- end t -->"},
		{"<!-- begin u -->\n<!-- end u -->", ""},
		{"<!-- begin t -->\n", ""},
	} {
		got, err := between(tt.document, "t", "new\n")
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%q: got %q and error %v", tt.document, got, err)
		}
	}
	if err := replace("no such document", "t", ""); !os.IsNotExist(err) {
		t.Errorf("got error %v", err)
	}
}

func TestResults(t *testing.T) {
	a, b := key{subject: "a"}, key{subject: "b"}
	r := results{a: {30, 10, 20}, b: {10, 5, 1}}
	if m, found := r.median(a); m != 20 || !found {
		t.Errorf("median %v", m)
	}
	if ratio, found := r.ratio(a, b); ratio != 3 || !found {
		t.Errorf("ratio %v: the rounds' ratios are 3, 2 and 20", ratio)
	}
	if _, found := r.ratio(a, key{}); found {
		t.Error("a ratio to nothing")
	}
}

// TestTargetsNameSubjects checks that each target is about subjects that there are.
func TestTargetsNameSubjects(t *testing.T) {
	var names []string
	for _, s := range bench.Subjects() {
		names = append(names, s.Name())
	}
	for _, target := range slices.Concat(targets, sqlTargets) {
		for _, k := range []key{target.of, target.to} {
			if !slices.Contains(names, k.subject) {
				t.Errorf("%s: there is no subject %q", target.text, k.subject)
			}
		}
	}
}

func TestVerdicts(t *testing.T) {
	ratio := target{"memory", 10, in("ours", bench.Change), in("another", bench.Change), true}
	for took, want := range map[float64]string{1: "met", 1.02: "met", 1.2: "**missed**"} {
		table := targetsTable([]target{ratio}, results{ratio.to: {10}, ratio.of: {took}})
		if !strings.Contains(table, want) {
			t.Errorf("%v: %s", took, table)
		}
	}
}

func TestCallsIn(t *testing.T) {
	const summary = `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.000600           1       400           write
 40.00    0.000400           2       200        99 read
------ ----------- ----------- --------- --------- ----------------
100.00    0.001000           1       600        99 total
`
	if n := callsIn(summary); n != 600 {
		t.Errorf("%d calls", n)
	}
}

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 999.6: "1,000", 1234567: "1,234,567", -1234: "-1,234", -0.2: "0"} {
		if got := count(v); got != want {
			t.Errorf("count(%v) is %q", v, got)
		}
	}
	for v, want := range map[float64]string{0: "0", 0.126: "0.13", 1: "1", 3.456: "3.46", 12.34: "12.3", 15: "15", 1234.5: "1,234"} {
		if got := decimal(v); got != want {
			t.Errorf("decimal(%v) is %q", v, got)
		}
	}
}
