package codectest_test

import (
	"testing"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/sessiontest/codectest"
)

type Cart struct {
	Customer string
	Items    []string
}

func (c Cart) SessionOwner() string { return c.Customer }

// The test of a codec.
func ExampleRun() {
	_ = func(t *testing.T) {
		codectest.Run(t, codec.JSON[Cart](), Cart{Customer: "ada"})
	}
	// Output:
}

// The test that a change of Cart loses no stored session. Run it once with
// SESSIONTEST_UPDATE_GOLDEN=1, and commit the files that it adds to testdata.
func ExampleGolden() {
	_ = func(t *testing.T) {
		codectest.Golden(t, codec.MessagePack[Cart](), map[string]Cart{
			"new":  {},
			"full": {Customer: "ada", Items: []string{"tea"}},
		})
	}
	// Output:
}
