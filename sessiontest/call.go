package sessiontest

import (
	"fmt"
	"slices"

	"github.com/seed48429006/sessions/session"
)

// An Op is a method of a store.
type Op string

// The methods of [session.Store], [session.Indexer], [session.Lister] and
// [session.Poller].
const (
	OpLoad      Op = "Load"
	OpSave      Op = "Save"
	OpTouch     Op = "Touch"
	OpDelete    Op = "Delete"
	OpExists    Op = "Exists"
	OpByOwner   Op = "ByOwner"
	OpAll       Op = "All"
	OpRevisions Op = "Revisions"
)

var ops = []Op{OpLoad, OpSave, OpTouch, OpDelete, OpExists, OpByOwner, OpAll, OpRevisions}

// A Call is one call of a store's method.
type Call struct {
	Op    Op
	ID    session.ID // zero for ByOwner, All and Revisions
	Owner string     // for ByOwner
	Err   error      // returned or, by ByOwner and All, yielded
}

// check panics if there is no such method. A fault of a misspelt method would never
// be injected, and a test that needs it could pass without it.
func (op Op) check() {
	if !slices.Contains(ops, op) {
		panic(fmt.Sprintf("sessiontest: a store has no method %q", string(op)))
	}
}
