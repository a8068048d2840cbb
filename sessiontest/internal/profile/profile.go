// Package profile has the values that the suites for stores and codecs keep.
package profile

import "time"

// A Profile is the session that conformance suites store: one field of every
// shape that a session's fields commonly have.
type Profile struct {
	Name     string
	Visits   int
	Admin    bool
	Score    float64
	Tags     []string
	Address  Address
	Limits   map[string]int
	Seen     time.Time
	Referrer *Profile
	Photo    []byte
}

// An Address is a part of a [Profile].
type Address struct {
	Street string
	City   string
	Lines  []string
}

// Full returns a Profile none of whose fields is zero.
func Full() Profile {
	return Profile{
		Name:     "Zoë \"日本\"\x00\n",
		Visits:   -1 << 30,
		Admin:    true,
		Score:    0.1,
		Tags:     []string{"a", "", "c"},
		Address:  Address{Street: "Hauptstraße 1", City: "Köln", Lines: []string{"3rd floor"}},
		Limits:   map[string]int{"": 1, "day": 1 << 30, "hour": -3},
		Seen:     time.Date(2024, 2, 29, 23, 59, 59, 123456789, time.UTC),
		Referrer: &Profile{Name: "Ann", Referrer: &Profile{Name: "Bob"}},
		Photo:    []byte{0, 1, 0xff, 0xfe},
	}
}

// Empty returns a Profile that is zero, except for slices, a map and a pointer that are
// empty and not nil.
func Empty() Profile {
	return Profile{
		Tags:     []string{},
		Address:  Address{Lines: []string{}},
		Limits:   map[string]int{},
		Referrer: &Profile{},
		Photo:    []byte{},
	}
}

// Circular returns a Profile whose pointers lead back to it.
func Circular() Profile {
	p := &Profile{Name: "Ouroboros"}
	p.Referrer = p
	return *p
}
