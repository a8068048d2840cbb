// Package types tests codecs and copies by random types: with embedded structs, aliases and
// shadowed fields, with types that encode themselves by each pair of methods, pointers to
// them, and fields that are dropped.
package types

//go:generate sh -c "go run ./gen > random_types_test.go"
