package snippets

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

var (
	codeBlock = regexp.MustCompile("(?s)```.*?```")
	codeSpan  = regexp.MustCompile("`[^`\n]*`")
	link      = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading   = regexp.MustCompile(`(?m)^#+ +(.+?) *$`)
)

// CheckLinks fails the test for each link of the page whose file, folder or heading
// does not exist. Links to other hosts are not followed. It returns how many links it
// followed.
func CheckLinks(tb testing.TB, page string) int {
	tb.Helper()
	followed := 0
	text := codeSpan.ReplaceAllString(codeBlock.ReplaceAllString(read(tb, page), ""), "")
	for _, found := range link.FindAllStringSubmatch(text, -1) {
		if strings.Contains(found[1], "://") || strings.HasPrefix(found[1], "mailto:") {
			continue
		}
		followed++
		file, anchor, _ := strings.Cut(found[1], "#")
		target := page
		if file != "" {
			target = filepath.Join(filepath.Dir(page), file)
		}
		if _, err := os.Stat(target); err != nil {
			tb.Errorf("%s: the link %s leads nowhere: %v", page, found[1], err)
		} else if anchor != "" && !slices.Contains(anchors(read(tb, target)), anchor) {
			tb.Errorf("%s: the link %s names a heading that %s does not have", page, found[1], target)
		}
	}
	return followed
}

// anchors returns the names by which the headings of a page are linked to.
func anchors(page string) []string {
	var all []string
	for _, found := range heading.FindAllStringSubmatch(codeBlock.ReplaceAllString(page, ""), -1) {
		all = append(all, anchor(found[1]))
	}
	return all
}

// anchor names a heading as GitHub does: lower case, a hyphen for each space, and no
// punctuation.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}
