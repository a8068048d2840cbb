// Package vet finds mistakes in programs that use package sessions: mistakes that
// the compiler accepts, and that show only when requests overlap or a store fails.
//
// The analyzers know the library by its package paths and names, so that they need
// not import it.
package vet

import "golang.org/x/tools/go/analysis"

// Analyzers are all analyzers of this package.
var Analyzers = []*analysis.Analyzer{
	ValueCopy,
	EditEffects,
	LateChange,
	DroppedError,
	Unmanaged,
	SessionType,
}
