package main

import (
	"fmt"
	"html"
	"strings"
)

// A drawing is an SVG picture that follows the reader's choice of light or dark.
type drawing struct {
	title         string
	width, height int
	body          strings.Builder
}

const style = `
.page { fill: #ffffff } .box { fill: #f2f5f9; stroke: #5d6470 } .good { fill: #e2f2e4; stroke: #2d6a3e } .bad { fill: #fbe7e5; stroke: #b3261e }
.line { stroke: #5d6470; fill: none; stroke-width: 1.5 } .tip { fill: #5d6470 } .life { stroke: #c3cad4; stroke-dasharray: 4 4 }
text { fill: #1c1f24; font: 14px system-ui, sans-serif } .quiet { fill: #5d6470; font-size: 12.5px } .strong { font-weight: 600 } .code { font-family: ui-monospace, monospace; font-size: 13px }
@media (prefers-color-scheme: dark) {
.page { fill: #16181d } .box { fill: #23272f; stroke: #9aa2af } .good { fill: #1f3020; stroke: #7fc08f } .bad { fill: #3a1f1d; stroke: #ff9a8f }
.line { stroke: #9aa2af } .tip { fill: #9aa2af } .life { stroke: #4a515d } text { fill: #e4e6ea } .quiet { fill: #9aa2af }
}`

func newDrawing(title string, width, height int) *drawing {
	return &drawing{title: title, width: width, height: height}
}

func (d *drawing) add(format string, args ...any) { fmt.Fprintf(&d.body, format+"\n", args...) }

// text writes a line whose middle is at x, or which begins there if anchor is "start".
func (d *drawing) text(x, y int, class, anchor, text string) {
	d.add(`<text x="%d" y="%d" class="%s" text-anchor="%s">%s</text>`, x, y, class, anchor, html.EscapeString(text))
}

// box draws a rectangle with lines of text in its middle. The first line is strong.
func (d *drawing) box(x, y, width, height int, class string, lines ...string) {
	d.add(`<rect x="%d" y="%d" width="%d" height="%d" rx="8" class="%s"/>`, x, y, width, height, class)
	top := y + height/2 - (len(lines)-1)*9 + 5
	for i, line := range lines {
		weight := "quiet"
		if i == 0 {
			weight = "strong"
		}
		d.text(x+width/2, top+18*i, weight, "middle", line)
	}
}

// arrow draws a line with a tip at its end.
func (d *drawing) arrow(x1, y1, x2, y2 int) {
	d.add(`<path class="line" marker-end="url(#tip)" d="M%d %d L%d %d"/>`, x1, y1, x2, y2)
}

func (d *drawing) String() string {
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[2]d" width="%[1]d" height="%[2]d" role="img" aria-label="%[3]s">
<title>%[3]s</title>
<style>%[4]s
</style>
<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto"><path class="tip" d="M0 0 L10 5 L0 10 z"/></marker></defs>
<rect width="%[1]d" height="%[2]d" class="page"/>
%[5]s</svg>
`, d.width, d.height, html.EscapeString(d.title), style, d.body.String())
}
