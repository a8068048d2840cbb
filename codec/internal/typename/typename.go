// Package typename gives each type the name under which records store it.
package typename

import (
	"reflect"
	"strings"
)

// Of returns the name that T declares by SessionType() string, else the path of
// its package and its name.
func Of[T any]() string {
	if name := declared[T](); name != "" {
		return name
	}
	t := reflect.TypeFor[T]()
	if t.PkgPath() == "" { // unnamed, or predeclared
		return t.String()
	}
	return t.PkgPath() + "." + t.Name()
}

// Ambiguous reports whether another type may have T's name: T declares none, and
// it is declared within a function or made of such a type.
func Ambiguous[T any]() bool {
	// Go numbers local types only in the names of instances.
	return declared[T]() == "" && strings.Contains(reflect.TypeFor[instance[T]]().Name(), "·")
}

type instance[T any] struct{}

func declared[T any]() string {
	if self, ok := any(new(T)).(interface{ SessionType() string }); ok {
		return self.SessionType()
	}
	return ""
}
