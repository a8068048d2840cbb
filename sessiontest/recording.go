package sessiontest

import (
	"fmt"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A recordingTB is the testing.TB of one order. It keeps failures back, so that the
// order can be shown before them. Everything else is the test's own.
type recordingTB struct {
	testing.TB
	mu       sync.Mutex
	log      []string
	failed   bool
	fatal    bool
	cleanups []func()
}

// run runs the test to its end or to a Fatal, and then the cleanups.
func (r *recordingTB) run(test func()) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer func() {
			for _, f := range slices.Backward(r.cleanups) {
				f()
			}
		}()
		test()
	}()
	<-ended
}

// stopIfFatal ends the goroutine if another goroutine of the test has called Fatal.
func (r *recordingTB) stopIfFatal() {
	r.mu.Lock()
	fatal := r.fatal
	r.mu.Unlock()
	if fatal {
		runtime.Goexit()
	}
}

func (r *recordingTB) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

func (r *recordingTB) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

func (r *recordingTB) Fail() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = true
}

func (r *recordingTB) FailNow() {
	r.mu.Lock()
	r.failed, r.fatal = true, true
	r.mu.Unlock()
	runtime.Goexit()
}

func (r *recordingTB) write(text string) {
	where := caller()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log = append(r.log, where+strings.TrimSuffix(text, "\n"))
}

func (r *recordingTB) Log(args ...any)                 { r.write(fmt.Sprintln(args...)) }
func (r *recordingTB) Logf(format string, args ...any) { r.write(fmt.Sprintf(format, args...)) }

func (r *recordingTB) Error(args ...any) {
	r.write(fmt.Sprintln(args...))
	r.Fail()
}

func (r *recordingTB) Errorf(format string, args ...any) {
	r.write(fmt.Sprintf(format, args...))
	r.Fail()
}

func (r *recordingTB) Fatal(args ...any) {
	r.write(fmt.Sprintln(args...))
	r.FailNow()
}

func (r *recordingTB) Fatalf(format string, args ...any) {
	r.write(fmt.Sprintf(format, args...))
	r.FailNow()
}

// caller returns the place in the test: the innermost one outside of this package.
func caller() string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for frame, more := frames.Next(); ; frame, more = frames.Next() {
		if dir := path.Dir(frame.Function); frame.File != "" && !strings.HasPrefix(frame.Function, ownFunctions) && dir != "runtime" {
			return fmt.Sprintf("%s:%d: ", path.Base(frame.File), frame.Line)
		}
		if !more {
			return ""
		}
	}
}

const ownFunctions = "github.com/seed48429006/sessions/sessiontest."
