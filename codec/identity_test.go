package codec_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/session"
)

type (
	order       struct{ Customer string }
	invoice     struct{ Customer string }
	list[T any] struct{ Elems []T }

	renamedOrder struct{ Customer string }
	onPtr        struct{ Customer string }
	untitled     struct{ Customer string }
	unlabelled   struct{ Customer string }
)

const orderType = "github.com/seed48429006/sessions/codec_test.order"

func (renamedOrder) SessionType() string { return orderType }
func (*onPtr) SessionType() string       { return orderType }
func (untitled) SessionType() string     { return "" }
func (unlabelled) SessionType() string   { return "" }

// meets reports whether a record written for W can be read for R.
func meets[W, R any](t *testing.T) bool {
	t.Helper()
	rec := session.Record[W]{ID: session.NewToken().ID()}
	data, err := codec.AppendRecord(nil, &rec, 1, codec.MessagePack[W]())
	if err != nil {
		t.Fatal(err)
	}
	_, err = codec.DecodeRecord(data, rec.ID, codec.MessagePack[R]())
	if _, ok := errors.AsType[*session.DecodeError](err); err != nil && !ok {
		t.Errorf("%v read as %v: got error %v, want a DecodeError", reflect.TypeFor[W](), reflect.TypeFor[R](), err)
	}
	return err == nil
}

func TestTypesNeverMeet(t *testing.T) {
	for name, tt := range map[string]struct{ got, want bool }{
		"itself":                      {meets[order, order](t), true},
		"same fields, other name":     {meets[order, invoice](t), false},
		"and the other way":           {meets[invoice, order](t), false},
		"renamed, keeping its type":   {meets[order, renamedOrder](t), true},
		"by a method of the pointer":  {meets[onPtr, order](t), true},
		"an empty type is no type":    {meets[untitled, untitled](t), true},
		"nor one like others":         {meets[untitled, unlabelled](t), false},
		"one of a kind":               {meets[list[int], list[int]](t), true},
		"two of a kind":               {meets[list[int], list[int8]](t), false},
		"unnamed":                     {meets[[]string, []string](t), true},
		"two unnamed":                 {meets[[]string, []int](t), false},
		"pointer and what is there":   {meets[*order, order](t), false},
		"Go's own":                    {meets[string, string](t), true},
		"two of Go's own":             {meets[int32, int64](t), false},
		"a name of one's own for one": {meets[count, int16](t), false},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: readable is %v, want %v", name, tt.got, tt.want)
		}
	}
}

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
