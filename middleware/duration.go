package middleware

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
)

// A Duration is a time in a [Config]. In files and the environment it is a number of
// seconds, or a number with a unit: 3600, 90s, 15m, 24h, 30d. "none" is a negative
// one, for no limit. Zero means the default.
type Duration time.Duration

const durationHelp = "a number of seconds, or a number with a unit, such as 90s, 15m, 24h or 30d"

var errDuration = errors.New("sessions: a duration is " + durationHelp)

// noLimit is the value of "none".
const noLimit Duration = -1

// UnmarshalText reads a duration from a file or the environment.
func (d *Duration) UnmarshalText(text []byte) error {
	t, ok := parseDuration(string(text))
	if !ok {
		return errDuration
	}
	*d = Duration(t)
	return nil
}

// UnmarshalJSON reads a duration from a number or a string.
func (d *Duration) UnmarshalJSON(data []byte) error {
	text := string(data)
	if strings.HasPrefix(text, `"`) {
		if err := json.Unmarshal(data, &text); err != nil {
			return errDuration
		}
	}
	if text == "null" {
		return nil
	}
	return d.UnmarshalText([]byte(text))
}

func parseDuration(text string) (time.Duration, bool) {
	if text == "none" {
		return time.Duration(noLimit), true
	}
	unit := time.Second
	number, days := strings.CutSuffix(text, "d")
	if days {
		unit = 24 * time.Hour
	}
	if n, err := strconv.ParseInt(number, 10, 64); err == nil {
		t := time.Duration(n) * unit
		return t, t/unit == time.Duration(n)
	}
	t, err := time.ParseDuration(text)
	return t, err == nil
}

// MarshalText writes the duration as UnmarshalText reads it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String returns the duration's text, such as "24h0m0s". Whole days are "30d".
func (d Duration) String() string {
	const day = 24 * time.Hour
	switch t := time.Duration(d); {
	case d == noLimit:
		return "none"
	case t != 0 && t%day == 0:
		return strconv.FormatInt(int64(t/day), 10) + "d"
	default:
		return t.String()
	}
}
