package storetest_test

import (
	"context"
	"errors"

	"github.com/seed48429006/sessions/session"
)

// column returns a flaw: the database cuts what is too long for a column, and says
// nothing.
func column(size int) func(*flawed) {
	return func(f *flawed) {
		inner := f.save
		f.save = func(ctx context.Context, rec *record) error {
			written := *rec
			if err := inner(ctx, rec); err != nil {
				return err
			}
			written.Revision = rec.Revision
			written.Value.Photo = written.Value.Photo[:min(len(written.Value.Photo), size)]
			err := f.right.Save(ctx, &written)
			rec.Revision = written.Revision
			return err
		}
	}
}

var sizeFlaws = []flaw{
	{"a column has 64 KiB", "save-large", column(1<<16 - 1)},
	{"a column has a byte less than the limit", "save-limit", column(maxRecord - 1)},
	{"the last byte is not read", "save-large save-limit", func(f *flawed) {
		f.load = func(ctx context.Context, id session.ID) (record, error) {
			rec, err := f.right.Load(ctx, id)
			if n := len(rec.Value.Photo); n > 1<<16 {
				rec.Value.Photo = rec.Value.Photo[:n-1]
			}
			return rec, err
		}
	}},
	{"64 KiB are too large", "save-large save-limit", func(f *flawed) {
		inner := f.save
		f.save = func(ctx context.Context, rec *record) error {
			if len(rec.Value.Photo) > 1<<16 {
				return session.ErrTooLarge
			}
			return inner(ctx, rec)
		}
	}},
	{"too large is another error", "save-limit save-too-large", func(f *flawed) {
		inner := f.save
		f.save = func(ctx context.Context, rec *record) error {
			if err := inner(ctx, rec); err != session.ErrTooLarge {
				return err
			}
			return errors.New("data too long for column")
		}
	}},
	{"too large ends the session", "save-limit save-too-large", func(f *flawed) {
		inner := f.save
		f.save = func(ctx context.Context, rec *record) error {
			err := inner(ctx, rec)
			if err == session.ErrTooLarge {
				f.right.Delete(ctx, rec.ID, 0)
			}
			return err
		}
	}},
	{"too large is cut", "save-limit save-too-large", func(f *flawed) {
		f.save = func(ctx context.Context, rec *record) error {
			return f.saveAs(ctx, rec, func(rec *record) { rec.Value.Photo = rec.Value.Photo[:min(len(rec.Value.Photo), maxRecord)] })
		}
	}},
	{"the limit is a byte too low", "save-limit", func(f *flawed) {
		inner := f.save
		f.save = func(ctx context.Context, rec *record) error {
			if len(rec.Value.Photo) == maxRecord {
				return session.ErrTooLarge
			}
			return inner(ctx, rec)
		}
	}},
	{"no bound", "save-too-large save-limit", func(f *flawed) { f.save = f.right.Save }},
}
