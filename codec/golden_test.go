package codec_test

import (
	"math"
	"strconv"
	"testing"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/sessiontest/codectest"
)

// Every later version of this module can read the data that this one stored.
func TestStoredForms(t *testing.T) {
	if strconv.IntSize < 64 {
		t.Skip("the records have integers of 64 bits in an int")
	}
	full := tenItems()
	full.Notices = []string{"hello"}
	samples := map[string]cart{
		"new": {}, "empty": {Items: []item{}, Notices: []string{}}, "full": full,
		"extremes": {Items: []item{{Count: math.MaxInt, Price: math.MinInt64}}}}
	for name, c := range map[string]codec.Codec[cart]{
		"MessagePack": codec.MessagePack[cart](),
		"JSON":        codec.JSON[cart](),
		"Sealed":      sealed(t, codec.MessagePack[cart](), 1),
		"Versioned":   versioned(t, 3, codec.JSON[cart]()),
	} {
		t.Run(name, func(t *testing.T) { codectest.Golden(t, c, samples) })
	}
}
