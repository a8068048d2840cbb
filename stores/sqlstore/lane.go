package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	maxGroup      = 100     // jobs that go together at most
	maxGroupBytes = 1 << 20 // and their records, unless the first is larger
)

// A job is what a lane does for one caller, who gives up when ctx is done. The lane
// reads it until it has closed done, and the caller may read its outcome then.
type job struct {
	ctx    context.Context
	kind   *kind
	text   string // of the statement, if the kind leaves it open
	args   []any
	record []byte // read, or to be written
	done   chan struct{}

	expires int64 // of a record that was read
	n       int64 // rows that were written
	err     error
}

// A kind of job is a statement for one job, and one for a group of them.
type kind struct {
	alone func(ctx context.Context, j *job) error
	group func(ctx context.Context, jobs []*job) error // nil if all go alone
}

// A lane does the jobs of concurrent callers. A job goes at once while few are under
// way. Otherwise it waits until one of those is back, and then goes in one statement
// with all of its kind that wait.
//
// A statement that is under way for longer than patience no longer counts. So nobody
// waits for longer because of a lock or of a connection that hangs.
type lane struct {
	most     int // statements under way
	patience time.Duration
	prompt   bool // the driver returns when a context ends: a caller need not wait for it elsewhere

	mu       sync.Mutex
	waiting  []*job
	underWay int
}

// do returns the error of a job, or of the context if that ends first. Then the job may
// still be carried out.
func (l *lane) do(ctx context.Context, j *job) error {
	j.ctx, j.done = ctx, make(chan struct{})
	l.mu.Lock()
	if l.prompt && l.underWay < l.most {
		l.underWay++
		l.mu.Unlock()
		if next := l.serve([]*job{j}); next != nil {
			go l.serveAll(next)
		}
		return j.err
	}
	l.waiting = append(l.waiting, j)
	l.start()
	l.mu.Unlock()
	select {
	case <-j.done:
		return j.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// start sends what waits while few are under way. The caller holds mu.
func (l *lane) start() {
	for l.underWay < l.most {
		jobs := l.next()
		if jobs == nil {
			return
		}
		l.underWay++
		go l.serveAll(jobs)
	}
}

// next takes the jobs that go next, nil if there are none. The caller holds mu.
func (l *lane) next() []*job {
	l.waiting = slices.DeleteFunc(l.waiting, func(j *job) bool { return j.ctx.Err() != nil })
	if len(l.waiting) == 0 {
		return nil
	}
	first, most, size := l.waiting[0], maxGroup, 0
	if first.kind.group == nil {
		most = 1
	}
	var jobs []*job
	l.waiting = slices.DeleteFunc(l.waiting, func(j *job) bool {
		size += len(j.record)
		if j.kind != first.kind || len(jobs) == most || size > maxGroupBytes && len(jobs) > 0 {
			return false
		}
		jobs = append(jobs, j)
		return true
	})
	return jobs
}

// serveAll carries out jobs, and then those that wait by then, until none do.
func (l *lane) serveAll(jobs []*job) {
	for jobs != nil {
		jobs = l.serve(jobs)
	}
}

// serve carries out jobs, and returns those that go in their place.
func (l *lane) serve(jobs []*job) (next []*job) {
	counts := true
	timer := time.AfterFunc(l.patience, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if counts {
			counts = false
			l.underWay--
			l.start()
		}
	})
	carryOut(jobs)
	timer.Stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !counts { // others have taken the place
		return nil
	}
	counts = false
	if next = l.next(); next == nil {
		l.underWay--
	}
	return next
}

// carryOut does jobs of one kind. A group has the last of the jobs' deadlines.
func carryOut(jobs []*job) {
	var err error
	defer func() {
		if p := recover(); p != nil { // of a driver; no caller could recover it
			err = fmt.Errorf("sqlstore: the driver panicked: %v", p)
		}
		for _, j := range jobs {
			if j.err == nil {
				j.err = err
			}
			close(j.done)
		}
	}()
	if len(jobs) == 1 {
		err = jobs[0].kind.alone(jobs[0].ctx, jobs[0])
		return
	}
	ctx, cancel := lastOf(jobs)
	defer cancel()
	err = jobs[0].kind.group(ctx, jobs)
}

// lastOf returns a context with the last of the deadlines, none if a caller has none.
func lastOf(jobs []*job) (context.Context, context.CancelFunc) {
	var last time.Time
	for _, j := range jobs {
		deadline, ok := j.ctx.Deadline()
		if !ok {
			return context.Background(), func() {}
		}
		if deadline.After(last) {
			last = deadline
		}
	}
	return context.WithDeadline(context.Background(), last)
}
