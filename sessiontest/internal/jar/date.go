package jar

import (
	"strconv"
	"strings"
	"time"
)

var months = [...]string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}

// parseDate reads a date as browsers do (RFC 6265bis, section 5.1.1): its time, day,
// month and year may come in any order, and other words mean nothing.
func parseDate(s string) (time.Time, bool) {
	var clock []int
	var day, month, year int
	hasYear := false
	for _, token := range strings.FieldsFunc(s, dateDelimiter) {
		if t, ok := parseClock(token); clock == nil && ok {
			clock = t
		} else if n, ok := leadingNumber(token, 1, 2); day == 0 && ok {
			day = n
		} else if n := monthOf(token); month == 0 && n > 0 {
			month = n
		} else if n, ok := leadingNumber(token, 2, 4); !hasYear && ok {
			year, hasYear = n, true
		}
	}
	switch {
	case year >= 70 && year <= 99:
		year += 1900
	case year <= 69:
		year += 2000
	}
	if clock == nil || month == 0 || !hasYear || day < 1 || day > 31 || year < 1601 ||
		clock[0] > 23 || clock[1] > 59 || clock[2] > 59 {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, clock[0], clock[1], clock[2], 0, time.UTC)
	return t, t.Day() == day // there is no 31 February
}

func dateDelimiter(r rune) bool {
	return r == '\t' || r >= ' ' && r <= '/' || r >= ';' && r <= '@' || r >= '[' && r <= '`' || r >= '{' && r <= '~'
}

// parseClock reads hours, minutes and seconds.
func parseClock(token string) ([]int, bool) {
	parts := strings.SplitN(token, ":", 3)
	if len(parts) < 3 {
		return nil, false
	}
	var clock []int
	for i, part := range parts {
		n, ok := leadingNumber(part, 1, 2)
		if !ok || i < 2 && strings.Trim(part, "0123456789") != "" {
			return nil, false
		}
		clock = append(clock, n)
	}
	return clock, true
}

func monthOf(token string) int {
	if len(token) < 3 {
		return 0
	}
	for i, name := range months {
		if strings.EqualFold(token[:3], name) {
			return i + 1
		}
	}
	return 0
}

// leadingNumber returns the number with which a token begins, if it has from low to
// high digits.
func leadingNumber(token string, low, high int) (int, bool) {
	digits := len(token) - len(strings.TrimLeft(token, "0123456789"))
	if digits < low || digits > high {
		return 0, false
	}
	n, err := strconv.Atoi(token[:digits])
	return n, err == nil
}
