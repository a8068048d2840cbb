package wire_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/session"
)

type (
	order       struct{ Customer string }
	invoice     struct{ Customer string }
	list[T any] struct{ Elems []T }

	count int16

	renamedOrder struct{ Customer string }
	onPtr        struct{ Customer string }
	untitled     struct{ Customer string }
	unlabelled   struct{ Customer string }
)

const orderType = "github.com/seed48429006/sessions/codec/wire_test.order"

func (renamedOrder) SessionType() string { return orderType }
func (*onPtr) SessionType() string       { return orderType }
func (untitled) SessionType() string     { return "" }
func (unlabelled) SessionType() string   { return "" }

// meets reports whether a record written for W can be read for R.
func meets[W, R any](t *testing.T) bool {
	t.Helper()
	rec := session.Record[W]{ID: session.NewID()}
	data, err := wire.AppendRecord(nil, &rec, 1, codec.MessagePack[W]())
	if err != nil {
		t.Fatal(err)
	}
	_, err = wire.DecodeRecord(data, rec.ID, codec.MessagePack[R]())
	if _, ok := errors.AsType[*session.DecodeError](err); err != nil && !ok {
		t.Errorf("%v read as %v: got error %v, want a DecodeError", reflect.TypeFor[W](), reflect.TypeFor[R](), err)
	}
	return err == nil
}

func TestRecordsOfOneTypeAreRefusedForAnother(t *testing.T) {
	for name, tt := range map[string]struct{ got, want bool }{
		"same type":                           {meets[order, order](t), true},
		"same fields, other name":             {meets[order, invoice](t), false},
		"same fields, other name, reversed":   {meets[invoice, order](t), false},
		"renamed, with the old SessionType":   {meets[order, renamedOrder](t), true},
		"SessionType with a pointer receiver": {meets[onPtr, order](t), true},
		"empty SessionType, same type":        {meets[untitled, untitled](t), true},
		"empty SessionType, other type":       {meets[untitled, unlabelled](t), false},
		"same instance":                       {meets[list[int], list[int]](t), true},
		"other instance":                      {meets[list[int], list[int8]](t), false},
		"same unnamed type":                   {meets[[]string, []string](t), true},
		"other unnamed type":                  {meets[[]string, []int](t), false},
		"pointer and its element":             {meets[*order, order](t), false},
		"same predeclared type":               {meets[string, string](t), true},
		"other predeclared type":              {meets[int32, int64](t), false},
		"named type and its underlying type":  {meets[count, int16](t), false},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.got != tt.want {
				t.Errorf("readable is %v, want %v", tt.got, tt.want)
			}
		})
	}
}
