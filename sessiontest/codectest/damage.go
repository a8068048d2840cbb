package codectest

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"slices"
)

const (
	// maxPlaces is at how many places of one encoding damage is tried.
	maxPlaces = 1 << 11

	// Data of n bytes may take so much memory: perByte * n + apart. The first
	// makes room for slices of large structs that were written as empty.
	perByte = 2000
	apart   = 4 << 20
)

func codecDamageRules[T any]() []codecRule[T] {
	return []codecRule[T]{
		{
			name:        "truncated",
			explanation: "Data that holds less than one value is refused, and the value is zero after an error.",
			try: func(t *codecTrial[T]) {
				t.eachPlace(func(data []byte, n int) {
					t.refuses(data[:n:n])
				})
			},
		},
		{
			name:        "trailing",
			explanation: "Data that holds more than one value is refused, and the value is zero after an error.",
			try: func(t *codecTrial[T]) {
				for _, v := range t.values {
					data := t.encode(v)
					for _, more := range []string{"\x00", " ", "\n", "\x80", "\xc0", "\xc1", "\xff", "0", "null", string(data)} {
						t.refuses(append(bytes.Clone(data), more...))
					}
				}
			},
		},
		{
			name:        "damaged",
			explanation: "Data with a bit flipped gives an error and a zero value, or a value that comes back the same if Append takes it; never a panic.",
			try: func(t *codecTrial[T]) {
				t.eachPlace(func(data []byte, n int) {
					for bit := range 8 {
						flipped := bytes.Clone(data)
						flipped[n] ^= 1 << bit
						t.survives(flipped)
					}
				})
			},
		},
		{
			name:        "foreign",
			explanation: "Data that nobody wrote gives an error and a zero value, or a value that comes back the same if Append takes it; never a panic.",
			try: func(t *codecTrial[T]) {
				random := rand.New(rand.NewPCG(1, 2))
				for length := range 64 {
					for range 20 {
						data := make([]byte, length)
						for i := range data {
							data[i] = byte(random.Uint32())
						}
						t.survives(data)
					}
				}
			},
		},
		{
			name:        "memory",
			explanation: "No data makes Decode take memory out of all proportion to its length.",
			try: func(t *codecTrial[T]) {
				t.eachPlace(func(data []byte, n int) {
					t.modest(n, slices.Concat(data[:n], bytes.Repeat([]byte{0x7f}, 4), data[n:]), inflated(data, n, 0xff), inflated(data, n, 0x7f),
						inflated(data, n, 0x3f), inflated(data, n, 0x00, 0x7f), inflated(data, n, 0xdd, 0x3f), inflated(data, n, 0xdf, 0x3f))
				})
			},
		},
	}
}

// inflated returns data in which up to nine bytes at n may announce a very long
// sequence: the first ones as given, the others all as the last.
func inflated(data []byte, n int, with ...byte) []byte {
	data = bytes.Clone(data)
	for i := n; i < min(n+9, len(data)); i++ {
		data[i] = with[min(i-n, len(with)-1)]
	}
	return data
}

// eachPlace calls f for every index into every value's encoding; of long
// encodings, for maxPlaces that are spread over them.
func (t *codecTrial[T]) eachPlace(f func(data []byte, n int)) {
	for _, v := range t.values {
		data := t.encode(v)
		for n := 0; n < len(data); n += 1 + len(data)/maxPlaces {
			f(data, n)
			if t.Failed() {
				return
			}
		}
	}
}

// decodeOnto decodes data onto a value that is not zero. A panic fails the trial.
func (t *codecTrial[T]) decodeOnto(data []byte) (v T, err error) {
	t.Helper()
	defer func() {
		if p := recover(); p != nil {
			t.Fatalf("Decode of %s panicked: %v", excerpt(data), p)
		}
	}()
	v = t.occupied()
	err = t.codec.Decode(data, &v)
	return v, err
}

// refuses checks that data is refused, unless it encodes another value: one digit
// less, or one more, is a number too.
func (t *codecTrial[T]) refuses(data []byte) {
	t.Helper()
	v, err := t.decodeOnto(data)
	if err != nil {
		t.zeroed(v, data, err)
		return
	}
	if rewritten, err := t.codec.Append(nil, &v); err != nil || !bytes.Equal(rewritten, data) {
		t.Errorf("Decode took %s for %+v", excerpt(data), v)
	}
}

// survives checks that data is refused, or gives a value that can be kept or refused.
func (t *codecTrial[T]) survives(data []byte) {
	t.Helper()
	v, err := t.decodeOnto(data)
	if err != nil {
		t.zeroed(v, data, err)
		return
	}
	rewritten, err := t.codec.Append(nil, &v)
	if err != nil {
		return
	}
	var got T
	if err := t.codec.Decode(rewritten, &got); err != nil {
		t.Errorf("Decode read %s; what Append wrote of that, it does not read: %v", excerpt(data), err)
		return
	}
	t.same("read from damaged data, a value comes back as another", v, got)
}

// modest checks that decoding all of these takes little memory. It measures
// again, since other goroutines may take some at the same time.
func (t *codecTrial[T]) modest(n int, all ...[]byte) {
	t.Helper()
	limit := uint64(0)
	for _, data := range all {
		limit += uint64(perByte*len(data)) + apart
	}
	least := ^uint64(0)
	for range 3 {
		least = min(least, allocated(func() {
			for _, data := range all {
				t.decodeOnto(data)
			}
		}))
		if least <= limit {
			return
		}
	}
	t.Errorf("Decode of %d encodings like %s, with other bytes at %d, took %d bytes of memory, more than %d", len(all), excerpt(all[0]), n, least, limit)
}

// allocated returns how much memory f takes.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
