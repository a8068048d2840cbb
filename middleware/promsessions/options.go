package promsessions

import (
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// Options are the options of a [Collector]. The zero Options is for the only manager
// of a process.
type Options struct {
	// Manager is the value of the label manager. It tells apart the managers that
	// share a registry, and is empty if there is only one.
	Manager string

	// Buckets are the upper ends of the histogram's buckets in seconds, in ascending
	// order. There is one more above. Nil means 14 buckets from 100 µs to 5 s.
	Buckets []float64

	// Stored, if not nil, returns the number of stored sessions, such as the Len
	// method of a memory store. It is called whenever metrics are collected. It must
	// be quick and safe for concurrent use, and must not panic. Nil means that there
	// is no gauge.
	Stored func() int
}

// buckets reach from a store in memory to one that times out.
var buckets = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5}

// check returns everything that is wrong with the options.
func (o *Options) check() error {
	var errs []error
	if !utf8.ValidString(o.Manager) {
		errs = append(errs, fmt.Errorf("promsessions: Manager is %q, which is not UTF-8", o.Manager))
	}
	if o.Buckets != nil && len(o.Buckets) == 0 {
		errs = append(errs, errors.New("promsessions: Buckets are empty; give at least one, or nil for the default"))
	}
	for i, end := range o.Buckets {
		if math.IsNaN(end) || math.IsInf(end, 0) || end <= 0 {
			errs = append(errs, fmt.Errorf("promsessions: Buckets[%d] is %v; it must be a positive number of seconds", i, end))
		} else if i > 0 && end <= o.Buckets[i-1] {
			errs = append(errs, fmt.Errorf("promsessions: Buckets[%d] is %v; it must be above the one before, %v", i, end, o.Buckets[i-1]))
		}
	}
	return errors.Join(errs...)
}
