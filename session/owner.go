package session

import (
	"errors"
	"fmt"
	"reflect"
	"sync"

	"github.com/seed48429006/sessions/internal/rules"
)

var errOwnerSkipped = errors.New("SessionOwner depends on a field that is not stored; remove the field's \"-\" tag")

// ownerOf returns the owner of the session with the value v. It is empty if T has
// no method SessionOwner, and if the method belongs to a nil pointer.
func ownerOf[T any](v *T) string {
	if o, ok := any(v).(rules.Owned); ok {
		return call(o, reflect.ValueOf(v).Elem())
	}
	if reflect.TypeFor[T]().Kind() != reflect.Pointer || reflect.ValueOf(*v).IsNil() {
		return ""
	}
	if o, ok := any(*v).(rules.Owned); ok {
		return call(o, reflect.ValueOf(*v).Elem())
	}
	return ""
}

// call returns o's owner, where v is the variable that o points to. A method that v has from
// an embedded pointer panics if that is nil.
func call(o rules.Owned, v reflect.Value) string {
	for _, index := range embeddedOwners(v.Type()) {
		if embedded, err := v.FieldByIndexErr(index); err != nil || embedded.IsNil() {
			return tryCall(o)
		}
	}
	return o.SessionOwner()
}

// tryCall returns the empty owner if the method panics.
func tryCall(o rules.Owned) (owner string) {
	defer func() {
		if recover() != nil {
			owner = ""
		}
	}()
	return o.SessionOwner()
}

var embedded sync.Map // of reflect.Type to the result of embeddedOwners

// embeddedOwners returns where a struct embeds pointers and interfaces that have
// the method SessionOwner.
func embeddedOwners(t reflect.Type) [][]int {
	if known, ok := embedded.Load(t); ok {
		return known.([][]int)
	}
	var found [][]int
	if t.Kind() == reflect.Struct {
		for _, f := range reflect.VisibleFields(t) {
			nilable := f.Type.Kind() == reflect.Pointer || f.Type.Kind() == reflect.Interface
			if f.Anonymous && nilable && f.Type.Implements(reflect.TypeFor[rules.Owned]()) {
				found = append(found, f.Index)
			}
		}
	}
	embedded.Store(t, found)
	return found
}

// checkOwner refuses a method SessionOwner with another signature.
func checkOwner[T any]() []error {
	t := reflect.TypeFor[T]()
	_, direct := t.MethodByName("SessionOwner")
	_, byPointer := reflect.PointerTo(t).MethodByName("SessionOwner")
	if !direct && !byPointer || rules.HasOwner[T]() {
		return nil
	}
	return []error{fmt.Errorf("%v: SessionOwner must have no arguments and return a string", t)}
}
