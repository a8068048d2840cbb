package session

import (
	"fmt"
	"reflect"
)

// owned is what a value has that tells whose session it is in.
type owned interface{ SessionOwner() string }

// ownerOf returns whose session v is: nobody's if T does not say. If T is a
// pointer, nil is nobody's.
func ownerOf[T any](v *T) string {
	if o, ok := any(v).(owned); ok {
		return o.SessionOwner()
	}
	if reflect.TypeFor[T]().Kind() != reflect.Pointer || reflect.ValueOf(*v).IsNil() {
		return ""
	}
	if o, ok := any(*v).(owned); ok {
		return o.SessionOwner()
	}
	return ""
}

// HasOwner reports whether T says whose session its values are in.
func HasOwner[T any]() bool {
	t := reflect.TypeFor[T]()
	want := reflect.TypeFor[owned]()
	return t.Implements(want) || reflect.PointerTo(t).Implements(want)
}

// checkOwner refuses a method that looks as if it told the owner, and does not.
func checkOwner[T any]() []error {
	t := reflect.TypeFor[T]()
	_, direct := t.MethodByName("SessionOwner")
	_, byPointer := reflect.PointerTo(t).MethodByName("SessionOwner")
	if !direct && !byPointer || HasOwner[T]() {
		return nil
	}
	return []error{fmt.Errorf("%v: SessionOwner must have no arguments and return a string", t)}
}
