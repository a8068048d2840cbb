// Package codectest has the conformance suite for codecs, and golden files that keep
// stored sessions readable.
package codectest

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/deep"
	"github.com/seed48429006/sessions/sessiontest/internal/profile"
)

// Run checks that a codec keeps every rule of [codec.Codec] with these values and
// with a zero T. It also tries variants of each: without elements, with empty slices
// and maps in place of nil, with times in another zone. For [storetest.Profile] it
// has values of its own too. Each rule is a subtest named for it; when it fails, the
// message quotes the rule.
//
// Values should have a few hundred bytes each, since each bit of
// their data is damaged in turn. Fields tagged omitempty or omitzero are not expected to
// tell nil from empty.
//
// The test should not run in parallel with others: how much memory is taken is
// measured for the whole process.
func Run[T any](t *testing.T, c codec.Codec[T], values ...T) {
	t.Helper()
	for _, own := range []any{profile.Full(), profile.Empty()} {
		if v, ok := own.(T); ok {
			values = append(values, v)
		}
	}
	var zero T
	values = append(values, zero)
	for _, r := range slices.Concat(codecValueRules[T](), codecAppendRules[T](), codecDecodeRules[T](), codecDamageRules[T]()) {
		t.Run(r.name, func(t *testing.T) {
			r.try(&codecTrial[T]{T: t, explanation: r.explanation, codec: c, plan: deep.Of[T](), values: values})
		})
	}
}

// A codecRule is one thing that a codec must do.
type codecRule[T any] struct {
	name        string
	explanation string // which part of the contract a codec breaks that fails
	try         func(*codecTrial[T])
}

// A codecTrial is one rule being checked on one codec.
type codecTrial[T any] struct {
	*testing.T
	explanation string
	codec       codec.Codec[T]
	plan        deep.Plan[T]
	values      []T
}

// Errorf fails the test and quotes the rule.
func (t *codecTrial[T]) Errorf(format string, args ...any) {
	t.Helper()
	t.T.Errorf(format+"\nThe rule: %s", append(args, t.explanation)...)
}

// Fatalf fails the test, quotes the rule and ends the trial.
func (t *codecTrial[T]) Fatalf(format string, args ...any) {
	t.Helper()
	t.T.Fatalf(format+"\nThe rule: %s", append(args, t.explanation)...)
}

// encode returns the encoding of v, which must succeed.
func (t *codecTrial[T]) encode(v T) []byte {
	t.Helper()
	data, err := t.codec.Append(nil, &v)
	if err != nil {
		t.Fatalf("Append of %+v returned an error: %v", v, err)
	}
	return data
}

// decode returns the value that data holds.
func (t *codecTrial[T]) decode(data []byte) T {
	t.Helper()
	var v T
	if err := t.codec.Decode(data, &v); err != nil {
		t.Fatalf("Decode of %s returned an error: %v", excerpt(data), err)
	}
	return v
}

// same checks that two values are the same.
func (t *codecTrial[T]) same(what string, want, got T) {
	t.Helper()
	if !t.plan.Equal(&want, &got) {
		t.Errorf("%s (-want +got):\n%s", what, difference(want, got))
	}
}

// zeroed checks that nothing is left in v after an error.
func (t *codecTrial[T]) zeroed(v T, data []byte, err error) {
	t.Helper()
	if !reflect.ValueOf(&v).Elem().IsZero() {
		t.Errorf("after Decode of %s returned the error %v, the value is %+v", excerpt(data), err, v)
	}
}

// difference shows how two values of any type differ.
func difference[T any](want, got T) (diff string) {
	defer func() {
		if recover() != nil || diff == "" {
			diff = fmt.Sprintf("-%#v\n+%#v", want, got)
		}
	}()
	return cmp.Diff(want, got, cmp.Exporter(func(reflect.Type) bool { return true }))
}

// excerpt shows data in an error.
func excerpt(data []byte) string {
	if len(data) > 64 {
		return fmt.Sprintf("%q… (%d bytes)", data[:64], len(data))
	}
	return fmt.Sprintf("%q", data)
}
