package main

import (
	"fmt"
	"html"
	"os"
	"strconv"
	"strings"
)

// barsOf are the sections of the document that become bars, and the subjects in their
// order.
var barsOf = []struct{ section, title string }{
	{"### End to end: read, idle timeout", "Reading"},
	{"### End to end: change", "Changing"},
}

// A bar is one line of a chart.
type bar struct {
	name  string
	value float64
}

// drawBars writes the picture of the document's main tables: requests a second at 64
// connections.
func drawBars(document, picture string) error {
	text, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	svg, err := bars(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", document, err)
	}
	return os.WriteFile(picture, []byte(svg), 0o644)
}

func bars(document string) (string, error) {
	var b strings.Builder
	y, widest := 30, 420.0
	for _, chart := range barsOf {
		all, err := readBars(document, chart.section)
		if err != nil {
			return "", err
		}
		most := 0.0
		for _, one := range all {
			most = max(most, one.value)
		}
		fmt.Fprintf(&b, `<text x="20" y="%d" class="strong">%s: requests a second, 64 connections</text>`+"\n", y, chart.title)
		y += 14
		for _, one := range all {
			class := "other"
			if strings.HasPrefix(one.name, "sessions") {
				class = "ours"
			}
			width := widest * one.value / most
			fmt.Fprintf(&b, `<text x="240" y="%d" text-anchor="end">%s</text><rect x="250" y="%d" width="%.0f" height="16" rx="3" class="%s"/><text x="%.0f" y="%d" class="quiet">%s</text>`+"\n",
				y+13, html.EscapeString(one.name), y, width, class, 258+width, y+13, count(one.value))
			y += 24
		}
		y += 36
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 %[1]d" width="760" height="%[1]d" role="img" aria-label="Requests a second">
<title>Requests a second of sessions and other libraries</title>
<style>
.page { fill: #ffffff } .ours { fill: #2d7a46 } .other { fill: #9aa2af } text { fill: #1c1f24; font: 13px system-ui, sans-serif } .quiet { fill: #5d6470 } .strong { font-weight: 600 }
@media (prefers-color-scheme: dark) { .page { fill: #16181d } .ours { fill: #6cc187 } .other { fill: #5d6470 } text { fill: #e4e6ea } .quiet { fill: #9aa2af } }
</style>
<rect width="760" height="%[1]d" class="page"/>
%[2]s</svg>
`, y-24, b.String()), nil
}

// readBars reads the column of 64 connections of a section's table, without the handlers
// that have no sessions.
func readBars(document, section string) ([]bar, error) {
	_, rest, found := strings.Cut(document, section+"\n")
	if !found {
		return nil, fmt.Errorf("has no section %q", section)
	}
	rest, _, _ = strings.Cut(rest, "\n#")
	var all []bar
	column := -1
	for line := range strings.Lines(rest) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) < 3 {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
			if cells[i] == fmt.Sprint(usual) && column < 0 {
				column = i
			}
		}
		if column < 0 || column >= len(cells) || strings.HasPrefix(cells[1], "bare handler") {
			continue
		}
		if v, err := strconv.ParseFloat(strings.ReplaceAll(cells[column], ",", ""), 64); err == nil && cells[1] != "library, store" {
			all = append(all, bar{cells[1], v})
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("has no figures in %q", section)
	}
	return all, nil
}
