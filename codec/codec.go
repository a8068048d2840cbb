package codec

import "github.com/seed48429006/sessions/internal/deep"

// A Codec turns values of type T into bytes and back.
//
// Implementations must follow these rules; codectest.Run checks them:
//
//   - All methods are safe for concurrent use.
//   - Decode returns the value that Append encoded: a nil slice or map is nil again,
//     an empty one is empty, a time is the same instant.
//   - Append returns an error for a value that Decode would refuse.
//   - Decode does not panic, and takes memory in proportion to the length of data.
type Codec[T any] interface {
	// Append appends the encoding of *v to dst and returns the extended slice. It
	// does not modify *v. After an error, the bytes of dst are as before.
	Append(dst []byte, v *T) ([]byte, error)

	// Decode sets all of *v to the value in data. Times are in UTC. It does not
	// modify data, and *v keeps no reference to it. It fails unless data holds
	// exactly one value; *v is then zero.
	Decode(data []byte, v *T) error
}

// A Checker is a [Codec] that can list the parts of T that it cannot keep.
// Stores call Check in their constructors.
type Checker interface {
	// Check returns one error for each field of T that would be lost, changed or
	// refused, joined. Each has the field's path and a remedy.
	Check() error
}

// MaxDepth is how deep a value may nest: 64 levels. Arrays and maps count, and values
// that are encoded as an array or a map. The codecs of this package refuse deeper values
// and data, so that no data can exhaust the stack.
const MaxDepth = deep.MaxDepth
