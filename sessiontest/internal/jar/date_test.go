package jar_test

import (
	"testing"
	"time"

	"github.com/seed48429006/sessions/sessiontest/internal/jar"
)

func TestDates(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	want := time.Date(2026, 11, 6, 8, 49, 37, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"Fri, 06 Nov 2026 08:49:37 GMT":      want,
		"Friday, 06-Nov-26 08:49:37 GMT":     want,
		"Fri Nov  6 08:49:37 2026":           want,
		"2026 November 6 8:49:37":            want,
		"6th nOvEmBeR 2026 08:49:37.5 +0200": want, // zones mean nothing
		"06/Nov/2026 08:49:37x":              want,
		"Sun, 06 Nov 94 08:49:37 GMT":        time.Date(1994, 11, 6, 8, 49, 37, 0, time.UTC),
		"Sun, 06 Nov 69 08:49:37 GMT":        now.Add(400 * 24 * time.Hour),
		"Wed, 01 Jan 1601 00:00:00 GMT":      time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC),
		"":                                   {},
		"tomorrow":                           {},
		"Sun, 06 Nov 2026":                   {},
		"Sun, 06 Nov 2026 08:49":             {},
		"Sun, 06 Nov 2026 24:00:00":          {},
		"Sun, 06 Nov 2026 08:60:00":          {},
		"Sun, 06 Nov 2026 08:49:60":          {},
		"Sun, 06 Nov 2026 008:49:37":         {},
		"Sun, 06 Nov 2026 08:4x:37":          {},
		"Sun, 00 Nov 2026 08:49:37":          {},
		"Sun, 32 Nov 2026 08:49:37":          {},
		"Tue, 31 Feb 2026 08:49:37":          {},
		"Sun, 06 No 2026 08:49:37":           {},
		"Sun, 06 Nov 1600 08:49:37":          {},
		"Sun, 06 Nov 20266 08:49:37":         {},
	} {
		c, err := jar.Parse("a=1; Expires="+text, now)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		} else if !c.Expires.Equal(want) {
			t.Errorf("%q is %v, not %v", text, c.Expires, want)
		}
	}
}
