package sessiontest

import (
	"fmt"
	"slices"

	"github.com/seed48429006/sessions/session"
)

// An Op is a method of a store.
type Op string

// The methods of [session.Store], [session.Indexer] and [session.Lister].
const (
	OpLoad    Op = "Load"
	OpSave    Op = "Save"
	OpTouch   Op = "Touch"
	OpRetire  Op = "Retire"
	OpDelete  Op = "Delete"
	OpExists  Op = "Exists"
	OpByOwner Op = "ByOwner"
	OpAll     Op = "All"
)

var ops = []Op{OpLoad, OpSave, OpTouch, OpRetire, OpDelete, OpExists, OpByOwner, OpAll}

// A Call is one call of a store's method.
type Call struct {
	Op    Op
	ID    session.ID // zero for ByOwner and All
	Owner string     // for ByOwner
	Err   error      // the call's or, for ByOwner and All, the one that ended the iteration
}

// check panics if there is no such method: a fault of a misspelt one would never
// come, and the test that wants it might pass for nothing.
func (op Op) check() {
	if !slices.Contains(ops, op) {
		panic(fmt.Sprintf("sessiontest: a store has no method %q", string(op)))
	}
}
