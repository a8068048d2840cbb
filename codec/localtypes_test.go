package codec_test

import (
	"strings"
	"testing"

	"github.com/seed48429006/sessions/codec"
)

type (
	order       struct{ Customer string }
	invoice     struct{ Customer string }
	list[T any] struct{ Elems []T }

	renamedOrder struct{ Customer string }
)

const orderType = "github.com/seed48429006/sessions/codec_test.order"

func (renamedOrder) SessionType() string { return orderType }

// Two functions may each declare an order: their records could not be told apart.
func checkLocal[T any](t *testing.T, refused bool) {
	t.Helper()
	for _, c := range []codec.Codec[T]{codec.MessagePack[T](), codec.JSON[T](), sealed(t, codec.JSON[T](), 1), versioned(t, 1, codec.JSON[T]())} {
		err := c.(codec.Checker).Check()
		if said := err != nil && strings.Contains(err.Error(), "is declared within a function"); said != refused {
			t.Errorf("%T: got error %v", c, err)
		}
	}
}

func TestCheckOfTypesWithinFunctions(t *testing.T) {
	type order struct{ Customer string }
	type labelled struct {
		order
		renamedOrder
	}
	checkLocal[order](t, true)
	checkLocal[*order](t, true)
	checkLocal[[]order](t, true)
	checkLocal[list[order]](t, true)
	checkLocal[struct{ In order }](t, true)
	checkLocal[labelled](t, false)
	checkLocal[invoice](t, false)
	checkLocal[list[invoice]](t, false)
	checkLocal[map[string]invoice](t, false)
	checkLocal[struct{ In invoice }](t, false)
	checkLocal[int](t, false)
}
