package sessiontest_test

import (
	"testing"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/sessiontest"
)

// The test of a codec of one's own.
func ExampleTestCodec() {
	_ = func(t *testing.T) {
		sessiontest.TestCodec(t, codec.JSON[sessiontest.Profile]())
	}
	// Output:
}

// The test that a change of Cart ends nobody's session. It is run once with
// SESSIONS_UPDATE_GOLDEN=1, and what that adds to testdata is committed.
func ExampleGolden() {
	_ = func(t *testing.T) {
		sessiontest.Golden(t, codec.MessagePack[Cart](), map[string]Cart{
			"new":  {},
			"full": {Customer: "ada", Items: []string{"tea"}},
		})
	}
	// Output:
}
