package codec

import (
	"hash/crc32"
	"reflect"
	"strings"
	"sync"
)

// An identity tells records of one type from those of all others.
type identity struct {
	name string
	seed uint32 // of the checksum of such a record
}

var identities sync.Map // of reflect.Type to *identity

func identityOf[T any]() *identity {
	t := reflect.TypeFor[T]()
	if known, ok := identities.Load(t); ok {
		return known.(*identity)
	}
	name := typeName[T]()
	known, _ := identities.LoadOrStore(t, &identity{name, crc32.Checksum([]byte(name), castagnoli)})
	return known.(*identity)
}

// local reports whether T is declared within a function, or made of a type that
// is. Go gives such types no name of their own: two functions may each have a Cart.
// In the names of instances it numbers them.
func local[T any]() bool {
	return strings.Contains(reflect.TypeFor[instance[T]]().Name(), "·")
}

type instance[T any] struct{}

// titled reports whether T names itself.
func titled[T any]() bool {
	self, ok := any(new(T)).(interface{ SessionType() string })
	return ok && self.SessionType() != ""
}

// typeName returns the name that T gives itself, else its package's path and name.
func typeName[T any]() string {
	if self, ok := any(new(T)).(interface{ SessionType() string }); ok {
		if name := self.SessionType(); name != "" {
			return name
		}
	}
	t := reflect.TypeFor[T]()
	if t.PkgPath() == "" { // unnamed, or Go's own
		return t.String()
	}
	return t.PkgPath() + "." + t.Name()
}
