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

// typeName returns the result of T's method SessionType, else the path of its
// package and its name.
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
	// Types that functions of one package declare can share a name. As an argument
	// of another type, each has a number of its own.
	if _, number, local := strings.Cut(reflect.TypeFor[argument[T]]().Name(), "·"); local {
		return t.PkgPath() + "." + t.Name() + "·" + strings.TrimRight(number, "]")
	}
	return t.PkgPath() + "." + t.Name()
}

type argument[T any] struct{ _ [0]T }
