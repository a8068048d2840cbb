package main

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	benchmarks = "../../../../../docs/benchmarks.md"
	picture    = "../../../../../docs/pictures/benchmarks.svg"
)

func TestBarsAreThoseOfTheTables(t *testing.T) {
	document, err := os.ReadFile(benchmarks)
	if err != nil {
		t.Fatal(err)
	}
	want, err := bars(string(document))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(picture)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("the picture shows other figures: go run ./cmd/table -bars")
	}
}

func TestReadBars(t *testing.T) {
	const section = "### End to end: change"
	const table = section + `

Text with | a bar.

| library, store | 1 | 64 | 256 |
|---|---:|---:|---:|
| bare handler, net/http | 3 | 4,000 | 5 |
| sessions, memory | 3 | 2,500 | 5 |
| scs, memory |  |  |  |

### Another
| scs | 1 | 64 | 256 |
`
	got, err := readBars(table, section)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]bar{{"sessions, memory", 2500}}, got, cmp.AllowUnexported(bar{})); diff != "" {
		t.Error(diff)
	}
	for _, empty := range []string{"", section + "\n\nnothing\n"} {
		if _, err := readBars(empty, section); err == nil {
			t.Errorf("%q has bars", empty)
		}
	}
}
