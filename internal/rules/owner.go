// Package rules tells which types name the owner of their sessions.
package rules

import "reflect"

// Owned is implemented by values that name the owner of their session.
type Owned interface{ SessionOwner() string }

// HasOwner reports whether T names the owner of its sessions.
func HasOwner[T any]() bool {
	t, owned := reflect.TypeFor[T](), reflect.TypeFor[Owned]()
	return t.Implements(owned) || reflect.PointerTo(t).Implements(owned)
}
