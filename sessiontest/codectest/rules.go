package codectest

import (
	"bytes"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/seed48429006/sessions/sessiontest/internal/profile"
)

func codecValueRules[T any]() []codecRule[T] {
	return []codecRule[T]{
		{
			name:        "round-trip",
			explanation: "What Append wrote, Decode reads, and the value is the same.",
			try: func(t *codecTrial[T]) {
				for _, v := range t.values {
					t.same("the value comes back as another", v, t.decode(t.encode(v)))
				}
			},
		},
		{
			name:        "nil-and-empty",
			explanation: "A nil slice or map is nil again, an empty one is empty.",
			try: func(t *codecTrial[T]) {
				for _, v := range t.values {
					for _, isNil := range []bool{true, false} {
						want := t.withEmpty(v, isNil)
						t.same("the value comes back as another", want, t.decode(t.encode(want)))
					}
				}
			},
		},
		{
			name:        "times",
			explanation: "A time is the same instant again, in UTC and without a monotonic reading, wherever in the value it is.",
			try: func(t *codecTrial[T]) {
				zone := time.FixedZone("far", -7*3600)
				met := 0
				for _, v := range t.values {
					want := t.reshaped(v, reshaper{times: func(at *time.Time) { *at = at.In(zone); met++ }})
					got := t.decode(t.encode(want))
					t.same("the value comes back as another", want, got)
					t.reshaped(got, reshaper{times: func(at *time.Time) {
						if at.Location() != time.UTC || *at != at.Round(0) {
							t.Errorf("a time comes back as %#v", *at)
						}
					}})
				}
				if met == 0 {
					t.Skip("there is no time in the values")
				}
			},
		},
		{
			name:        "concurrent",
			explanation: "All methods are safe for concurrent use.",
			try: func(t *codecTrial[T]) {
				var group sync.WaitGroup
				for i := range 4 * len(t.values) {
					want := t.values[i%len(t.values)]
					group.Go(func() {
						for range 50 {
							data, err := t.codec.Append(nil, &want)
							var got T
							if err == nil {
								err = t.codec.Decode(data, &got)
							}
							if err != nil || !t.plan.Equal(&want, &got) {
								t.Errorf("while others use the codec: error %v (-want +got):\n%s", err, difference(want, got))
								return
							}
						}
					})
				}
				group.Wait()
			},
		},
	}
}

func codecAppendRules[T any]() []codecRule[T] {
	return []codecRule[T]{
		{
			name:        "append-extends",
			explanation: "Append appends to dst, whatever that holds and whether there is room or not.",
			try: func(t *codecTrial[T]) {
				for _, v := range t.values {
					for _, dst := range []string{"", "before", strings.Repeat("x", 300)} {
						for _, room := range []int{0, 1, 1 << 12} {
							given := append(make([]byte, 0, len(dst)+room), dst...)
							data, err := t.codec.Append(given, &v)
							if err != nil {
								t.Fatalf("Append to %s returned an error: %v", excerpt(given), err)
							}
							if !bytes.HasPrefix(data, []byte(dst)) || string(given) != dst {
								t.Fatalf("Append to %s returned %s", excerpt([]byte(dst)), excerpt(data))
							}
							t.same("after another value's bytes, the value comes back as another", v, t.decode(data[len(dst):]))
						}
					}
				}
			},
		},
		{
			name:        "append-value-untouched",
			explanation: "Append does not change the value.",
			try: func(t *codecTrial[T]) {
				for _, v := range t.values {
					before := *t.plan.Copy(&v)
					t.encode(v)
					t.same("Append changed the value", before, v)
				}
			},
		},
		{
			name:        "append-keeps-nothing",
			explanation: "What Append returned is the caller's: later calls neither change it nor see what becomes of it.",
			try: func(t *codecTrial[T]) {
				for _, v := range t.values {
					first := t.encode(v)
					kept := bytes.Clone(first)
					for _, other := range t.values {
						t.decode(t.encode(other))
					}
					if !bytes.Equal(first, kept) {
						t.Errorf("later calls changed %s to %s", excerpt(kept), excerpt(first))
					}
					spoil(first)
					t.same("after the data of an earlier call was overwritten, the value comes back as another", v, t.decode(t.encode(v)))
				}
			},
		},
		{
			name:        "append-refuses",
			explanation: "Append writes nothing that Decode would refuse: it returns an error, and the bytes of dst are as before.",
			try: func(t *codecTrial[T]) {
				v, ok := any(profile.Circular()).(T)
				if !ok {
					t.Skip("only of a Profile is it known what cannot be encoded")
				}
				data, err := t.codec.Append([]byte("before"), &v)
				if err == nil || string(data) != "before" {
					t.Errorf("Append of a value that contains itself returned %s and the error %v", excerpt(data), err)
				}
			},
		},
	}
}

func codecDecodeRules[T any]() []codecRule[T] {
	return []codecRule[T]{
		{
			name:        "decode-sets-all",
			explanation: "Decode sets all of the value: nothing is left of what it held before.",
			try: func(t *codecTrial[T]) {
				for _, before := range t.values {
					for _, want := range t.values {
						data, got := t.encode(want), *t.plan.Copy(&before)
						if err := t.codec.Decode(data, &got); err != nil {
							t.Fatalf("Decode returned an error: %v", err)
						}
						t.same("decoded over another, the value is not what it was", want, got)
					}
				}
			},
		},
		{
			name:        "decode-keeps-nothing",
			explanation: "The value keeps no reference to the data.",
			try: func(t *codecTrial[T]) {
				for _, v := range t.values {
					data := t.encode(v)
					got := t.decode(data)
					spoil(data)
					t.same("when the data was overwritten, the value changed", v, got)
				}
			},
		},
		{
			name:        "decode-data-untouched",
			explanation: "Decode does not change the data.",
			try: func(t *codecTrial[T]) {
				for _, v := range t.values {
					data := t.encode(v)
					kept := bytes.Clone(data)
					t.decode(data)
					t.codec.Decode(data[:len(data)/2], new(T))
					if !bytes.Equal(data, kept) {
						t.Errorf("Decode changed %s to %s", excerpt(kept), excerpt(data))
					}
				}
			},
		},
	}
}

// spoil overwrites data.
func spoil(data []byte) {
	for i := range data {
		data[i] ^= 0x55
	}
}

// occupied returns a value that is not zero to decode onto.
func (t *codecTrial[T]) occupied() T {
	for _, v := range t.values {
		if !reflect.ValueOf(&v).Elem().IsZero() {
			return *t.plan.Copy(&v)
		}
	}
	var zero T
	return zero
}
