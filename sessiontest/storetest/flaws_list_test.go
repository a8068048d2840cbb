package storetest_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed48429006/sessions/session"
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

// alike returns a flaw: the store takes owners for equal that fold makes equal.
func alike(fold func(string) string) func(*flawed) {
	return func(f *flawed) {
		f.byOwner = func(ctx context.Context, owner string) records {
			return filter(f.right.All(ctx), func(rec record) bool { return owner != "" && rec.Owner != "" && fold(rec.Owner) == fold(owner) })
		}
	}
}

// rows returns the live records in the order of their IDs.
func (f *flawed) rows(ctx context.Context) (all []record) {
	for rec, err := range f.right.All(ctx) {
		if err == nil {
			all = append(all, rec)
		}
	}
	slices.SortFunc(all, func(a, b record) int { return strings.Compare(a.ID.String(), b.ID.String()) })
	return all
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
	{"owners are compared without case", "by-owner-alike", alike(strings.ToLower)},
	{"owners lose spaces at the end", "by-owner-alike", alike(func(owner string) string { return strings.TrimRight(owner, " ") })},
	{"owners end at a NUL", "by-owner-alike", alike(func(owner string) string { owner, _, _ = strings.Cut(owner, "\x00"); return owner })},
	{"owners have 255 bytes", "by-owner-alike", alike(func(owner string) string { return owner[:min(255, len(owner))] })},
	{"by owner ends after a page", "by-owner-many", func(f *flawed) {
		f.byOwner = func(ctx context.Context, owner string) records {
			return func(yield func(record, error) bool) {
				n := 0
				for rec, err := range f.right.ByOwner(ctx, owner) {
					if n++; n > 100 || !yield(rec, err) {
						return
					}
				}
			}
		}
	}},
	{"all goes by offset", "all-churn", func(f *flawed) {
		f.all = func(ctx context.Context) records {
			return func(yield func(record, error) bool) {
				for offset := 0; ; {
					rows := f.rows(ctx)
					if offset >= len(rows) {
						return
					}
					for _, rec := range rows[offset:min(offset+10, len(rows))] {
						if offset++; !yield(rec, nil) {
							return
						}
					}
				}
			}
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
	{"the note of a former owner stays, and lists pass over it", "by-owner-left", func(f *flawed) {
		saved := f.remember()
		f.indexed = func(owner string) int {
			return len(matching(saved, func(rec record) bool { return rec.Owner == owner }))
		}
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
	{"a clean-up removes the note of an owner who comes back", "race-by-owner-back", func(f *flawed) {
		var mu sync.Mutex
		index := make(map[string]map[session.ID]bool)
		note := func(owner string, id session.ID, is bool) {
			mu.Lock()
			defer mu.Unlock()
			if index[owner] == nil {
				index[owner] = make(map[session.ID]bool)
			}
			index[owner][id] = is
		}
		f.save = func(ctx context.Context, rec *record) error {
			err := f.right.Save(ctx, rec)
			if err == nil && rec.Owner != "" {
				note(rec.Owner, rec.ID, true)
			}
			return err
		}
		f.byOwner = func(ctx context.Context, owner string) records {
			return func(yield func(record, error) bool) {
				mu.Lock()
				ids := maps.Clone(index[owner])
				mu.Unlock()
				for id, is := range ids {
					rec, err := f.right.Load(ctx, id)
					if is && err == nil && rec.Owner == owner {
						if !yield(rec, nil) {
							return
						}
						continue
					}
					dawdle()
					note(owner, id, false)
				}
			}
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
