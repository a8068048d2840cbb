package storetest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// remember makes the store keep every record that it ever saved.
func (f *flawed) remember() *notes[[]record] {
	var saved notes[[]record]
	inner := f.save
	f.save = func(ctx context.Context, rec *record) error {
		err := inner(ctx, rec)
		if err == nil {
			before, _ := saved.get(rec.ID)
			saved.set(rec.ID, append(slices.Clip(before), *rec))
		}
		return err
	}
	return &saved
}

// matching returns one record of each ID that was ever like this.
func matching(saved *notes[[]record], like func(record) bool) (found []record) {
	saved.mu.Lock()
	defer saved.mu.Unlock()
	for _, recs := range saved.m {
		if i := slices.IndexFunc(recs, like); i >= 0 {
			found = append(found, recs[i])
		}
	}
	return found
}

// busy makes Save fail while seq is under way, as a lock would make it hang.
func (f *flawed) busy(seq records) records {
	var during atomic.Bool
	f.save = func(ctx context.Context, rec *record) error {
		if during.Load() {
			return errors.New("deadlock")
		}
		return f.right.Save(ctx, rec)
	}
	return func(yield func(record, error) bool) {
		during.Store(true)
		defer during.Store(false)
		seq(yield)
	}
}

var listFlaws = []flaw{
	{"by owner misses some", "by-owner", func(f *flawed) {
		f.byOwner = func(ctx context.Context, owner string) records {
			n := 0
			return filter(f.right.ByOwner(ctx, owner), func(record) bool { n++; return n <= 10 })
		}
	}},
	{"by owner yields twice", "by-owner race-by-owner", func(f *flawed) {
		f.byOwner = func(ctx context.Context, owner string) records {
			return func(yield func(record, error) bool) {
				for rec, err := range f.right.ByOwner(ctx, owner) {
					for range 2 {
						if !yield(rec, err) {
							return
						}
					}
				}
			}
		}
	}},
	{"by owner goes by prefix", "by-owner by-owner-empty", func(f *flawed) {
		f.byOwner = func(ctx context.Context, owner string) records {
			return filter(f.right.All(ctx), func(rec record) bool { return strings.HasPrefix(rec.Owner, owner) })
		}
	}},
	{"owners are trimmed", "by-owner-odd", func(f *flawed) {
		f.byOwner = func(ctx context.Context, owner string) records {
			return filter(f.right.All(ctx), func(rec record) bool {
				return owner != "" && strings.TrimSpace(rec.Owner) == strings.TrimSpace(owner)
			})
		}
	}},
	{"nobody's records are the empty owner's", "by-owner-empty", func(f *flawed) {
		f.byOwner = func(ctx context.Context, owner string) records {
			return filter(f.right.All(ctx), func(rec record) bool { return rec.Owner == owner })
		}
	}},
	{"the index only grows", "by-owner-gone by-owner-expired by-owner-changed all-gone", func(f *flawed) {
		saved := f.remember()
		grown := func(keep func(record) bool) records {
			return func(yield func(record, error) bool) {
				for _, rec := range matching(saved, keep) {
					if !yield(rec, nil) {
						return
					}
				}
			}
		}
		f.byOwner = func(ctx context.Context, owner string) records {
			return grown(func(rec record) bool { return owner != "" && rec.Owner == owner })
		}
		f.all = func(ctx context.Context) records { return grown(func(record) bool { return true }) }
	}},
	{"the index goes by the first expiry", "by-owner-touched by-owner-updated", func(f *flawed) {
		saved := f.remember()
		f.byOwner = func(ctx context.Context, owner string) records {
			return filter(f.right.ByOwner(ctx, owner), func(rec record) bool {
				history, _ := saved.get(rec.ID)
				return history[0].Expires.After(time.Now())
			})
		}
	}},
	{"by owner holds a lock", "by-owner-break", func(f *flawed) {
		f.byOwner = func(ctx context.Context, owner string) records { return f.busy(f.right.ByOwner(ctx, owner)) }
	}},
	{"all leaves out nobody's", "all", func(f *flawed) {
		f.all = func(ctx context.Context) records {
			return filter(f.right.All(ctx), func(rec record) bool { return rec.Owner != "" })
		}
	}},
	{"all holds a lock", "all-break", func(f *flawed) {
		f.all = func(ctx context.Context) records { return f.busy(f.right.All(ctx)) }
	}},
}
