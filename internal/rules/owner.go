// Package rules tells which types name the owner of their sessions.
package rules

import (
	"reflect"
	"strings"
)

// Owned is implemented by values that name the owner of their session.
type Owned interface{ SessionOwner() string }

// HasOwner reports whether T names the owner of its sessions.
func HasOwner[T any]() bool {
	t, owned := reflect.TypeFor[T](), reflect.TypeFor[Owned]()
	return t.Implements(owned) || reflect.PointerTo(t).Implements(owned)
}

// OwnerHint returns a hint about a method of T that may be a misspelt SessionOwner, or "".
func OwnerHint[T any]() string {
	t := reflect.TypeFor[*T]()
	for m := range t.Methods() {
		if m.Type.NumOut() == 1 && m.Type.Out(0).Kind() == reflect.String && m.Type.NumIn() == 1 && distance(strings.ToLower(m.Name), "sessionowner") <= 3 {
			return "; did you mean its " + m.Name + "?"
		}
	}
	return ""
}

// distance returns how many letters of a must be added, removed or replaced to get b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := before
			if a[i] != b[j] {
				replaced++
			}
			before = row[j+1]
			row[j+1] = min(row[j]+1, before+1, replaced)
		}
	}
	return row[len(b)]
}
