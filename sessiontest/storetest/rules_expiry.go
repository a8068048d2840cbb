package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/seed48429006/sessions/session"
)

var expiryRules = []rule{
	{
		name:        "expires",
		explanation: "A record whose Expires has passed is absent: no method sees it.",
		try: func(t *trial) {
			rec, ctx := t.shortLived(), t.Context()
			t.pass()
			t.wantAbsent(rec.ID)
			t.refused("Touch", t.store.Touch(ctx, rec.ID, rec.Revision, inAnHour()), session.ErrNotFound)
			rec.Expires = inAnHour()
			t.refused("Save", t.store.Save(ctx, &rec), session.ErrNotFound)
			t.refused("Delete", t.store.Delete(ctx, rec.ID, 0), session.ErrNotFound)
			t.refused("Delete", t.store.Delete(ctx, rec.ID, rec.Revision), session.ErrNotFound)
			t.wantAbsent(rec.ID)
		},
	},
	{
		name:        "deadline-first",
		explanation: "A record ends at its Deadline if that is before its Expires: no method sees it then.",
		try: func(t *trial) {
			rec := draft()
			rec.Expires, rec.Deadline = inAnHour(), t.soon()
			t.save(&rec)
			t.pass()
			t.wantAbsent(rec.ID)
			t.refused("Touch", t.store.Touch(t.Context(), rec.ID, rec.Revision, inAnHour()), session.ErrNotFound)
			rec = draft()
			rec.Deadline = passed()
			t.refused("Save", t.store.Save(t.Context(), &rec), session.ErrNotFound)
		},
	},
	{
		name:        "deadline-none",
		explanation: "A record with a zero Deadline lives until its Expires, which Touch may move to any time.",
		try: func(t *trial) {
			rec := draft()
			rec.Expires, rec.Deadline = t.soon(), time.Time{}
			t.save(&rec)
			t.touch(&rec, inAnHour())
			t.pass()
			t.wantStored(rec)
		},
	},
	{
		name:        "far",
		explanation: "A record may end in the year 9999.",
		try: func(t *trial) {
			for _, deadline := range []time.Time{farOff, {}} {
				rec := draft()
				rec.Deadline, rec.Expires = deadline, farOff
				t.save(&rec)
				t.wantStored(rec)
				t.touch(&rec, farOff)
				t.wantStored(rec)
				t.save(&rec)
				t.wantStored(rec)
			}
		},
	},
	{
		name:        "far-touch",
		explanation: "Touch may move the end of a record to the year 9999.",
		try: func(t *trial) {
			for _, deadline := range []time.Time{farOff, {}} {
				rec := draft()
				rec.Deadline = deadline
				t.save(&rec)
				t.touch(&rec, farOff)
				t.wantStored(rec)
			}
		},
	},
	{
		name:        "expires-create",
		explanation: "Save with a zero Revision makes an ID live whose record has expired, with a revision that the ID has not had.",
		try: func(t *trial) {
			rec := t.shortLived()
			old := rec.Revision
			t.pass()
			rec.Revision, rec.Expires = 0, inAnHour()
			t.save(&rec)
			if rec.Revision == old {
				t.Fatalf("the revision is %d again", old)
			}
			t.wantStored(rec)
		},
	},
	{
		name:        "expires-save-extends",
		explanation: "A Save with a later Expires lets the record live on until then.",
		try: func(t *trial) {
			rec := t.shortLived()
			rec.Expires = inAnHour()
			t.save(&rec)
			t.pass()
			t.wantStored(rec)
		},
	},
	{
		name:        "expires-save-shortens",
		explanation: "A Save with an earlier Expires ends the record then.",
		try: func(t *trial) {
			rec := t.live()
			rec.Expires = t.soon()
			t.save(&rec)
			t.pass()
			t.wantAbsent(rec.ID)
		},
	},
}

var farOff = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

var contextRules = []rule{
	{
		name:        "context",
		explanation: "Methods give up when ctx is done: they return an error that says nothing of the ID, and write nothing.",
		try: func(t *trial) {
			rec, ctx := t.live(), t.cancelled()
			update, create := rec, draft()
			update.Value.Name = "cancelled"
			_, loadErr := t.store.Load(ctx, rec.ID)
			_, existsErr := t.store.Exists(ctx, rec.ID)
			for call, err := range map[string]error{
				"Load":   loadErr,
				"Exists": existsErr,
				"Save":   t.store.Save(ctx, &update),
				"create": t.store.Save(ctx, &create),
				"Touch":  t.store.Touch(ctx, rec.ID, rec.Revision, after(time.Minute)),
				"Delete": t.store.Delete(ctx, rec.ID, rec.Revision),
			} {
				t.gaveUp(call, err)
			}
			if update.Revision != rec.Revision || create.Revision != 0 {
				t.Fatalf("Save set a revision")
			}
			t.wantStored(rec)
			t.wantAbsent(create.ID)
		},
	},
	{
		name:        "context-by-owner",
		explanation: "ByOwner yields an error and ends when ctx is done.",
		needs:       needsIndexer,
		try: func(t *trial) {
			rec := t.live()
			t.gaveUp("ByOwner", firstError(t, func(ctx context.Context, yield func(record, error) bool) {
				t.store.ByOwner(ctx, rec.Owner)(yield)
			}))
		},
	},
	{
		name:        "context-all",
		explanation: "All yields an error and ends when ctx is done.",
		needs:       needsLister,
		try: func(t *trial) {
			t.live()
			t.gaveUp("All", firstError(t, func(ctx context.Context, yield func(record, error) bool) {
				t.store.All(ctx)(yield)
			}))
		},
	},
	{
		name:        "context-by-owner-midway",
		explanation: "ByOwner, when ctx is done midway, yields the records that are left, or an error as the last thing: it never ends short without one.",
		needs:       needsIndexer,
		try: func(t *trial) {
			owner := newOwner()
			recs := t.liveMany(owner)
			t.midway("ByOwner", recs, func(ctx context.Context) records {
				return t.store.ByOwner(ctx, owner)
			})
		},
	},
	{
		name:        "context-all-midway",
		explanation: "All, when ctx is done midway, yields the records that are left, or an error as the last thing: it never ends short without one.",
		needs:       needsLister,
		try: func(t *trial) {
			t.midway("All", t.liveMany(newOwner()), t.store.All)
		},
	},
}

// liveMany returns more records than a store is likely to fetch at once.
func (t *trial) liveMany(owner string) (recs []record) {
	t.Helper()
	for range 300 {
		recs = append(recs, t.liveOf(owner))
	}
	return recs
}

// midway ends the context of an iteration after its first record, and checks how
// the iteration ends.
func (t *trial) midway(call string, recs []record, list func(context.Context) records) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	missing := byID(recs)
	var failed error
	for rec, err := range list(ctx) {
		if failed != nil {
			t.Fatalf("%s goes on after the error %v", call, failed)
		}
		if _, unreadable := errors.AsType[*session.DecodeError](err); err != nil && !unreadable {
			failed = err
		}
		delete(missing, rec.ID)
		cancel()
	}
	if failed != nil {
		t.gaveUp(call, failed)
	} else if len(missing) > 0 {
		t.Fatalf("%s ended without an error, and without %d of %d records", call, len(missing), len(recs))
	}
}

// firstError returns the only error that an iteration under a context that is
// done yields.
func firstError(t *trial, iterate func(context.Context, func(record, error) bool)) error {
	var errs []error
	iterate(t.cancelled(), func(_ record, err error) bool {
		errs = append(errs, err)
		return true
	})
	if len(errs) != 1 {
		t.Fatalf("the iteration yielded %d times, want one error", len(errs))
	}
	return errs[0]
}

// gaveUp checks the error of a call whose context was done.
func (t *trial) gaveUp(call string, err error) {
	t.Helper()
	if err == nil {
		t.Fatalf("%s returned no error", call)
	}
	for _, answer := range []error{session.ErrNotFound, session.ErrExists, session.ErrConflict, session.ErrGone, session.ErrTooLarge} {
		if errors.Is(err, answer) {
			t.Fatalf("%s returned the error %v", call, err)
		}
	}
}
