package codec

// A Codec turns values of type T into bytes and back.
//
// Implementations must observe these rules; codectest.Run checks them:
//
//   - All methods are safe for concurrent use.
//   - Decode reads the data that Append wrote into the same value: a nil slice or
//     map is nil again, an empty one is empty, a time is the same instant.
//   - Append writes nothing that Decode would refuse: it returns an error.
//   - No data makes Decode panic, or take memory out of all proportion to its length.
type Codec[T any] interface {
	// Append appends the encoding of *v to dst and returns the longer slice.
	// It does not change *v. On an error the bytes of dst are as before.
	Append(dst []byte, v *T) ([]byte, error)

	// Decode sets *v, all of it, to the value that data holds. Data that holds
	// anything but exactly one value is refused. Times are in UTC. It does not
	// change data. *v keeps no reference to data, and is zero after an error.
	Decode(data []byte, v *T) error
}

// A Checker is a [Codec] that can tell from T alone which fields it cannot keep.
// Stores ask it once, when they are made.
type Checker interface {
	// Check returns an error for every field of T that would be lost, changed or
	// refused, joined, with the field's path and a remedy.
	Check() error
}

// MaxDepth is how deep a value may nest: everything that is encoded as an array
// or a map counts. The codecs of this package refuse to write or to read deeper
// values, so that no data can exhaust the stack.
const MaxDepth = 64
