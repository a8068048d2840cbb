package storetest_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"time"

	"github.com/seed48429006/sessions/session"
)

// A flaw is a way in which a store can be wrong, and the rules that must tell.
type flaw struct {
	name  string
	rules string // names of rules, separated by spaces
	make  func(*flawed)
}

var flaws = slices.Concat(saveFlaws, sizeFlaws, valueFlaws, fieldFlaws(), touchFlaws, deadlineFlaws, deleteFlaws, contextFlaws, listFlaws, outlineFlaws, pollFlaws, watchFlaws, openFlaws, corruptFlaws, lossFlaws, raceFlaws)

var saveFlaws = []flaw{
	{"save keeps the revision to itself", "save-creates", func(f *flawed) {
		f.save = func(ctx context.Context, rec *record) error {
			written := *rec
			return f.right.Save(ctx, &written)
		}
	}},
	{"save changes the times of what it is given", "save-sets-revision", func(f *flawed) {
		f.save = func(ctx context.Context, rec *record) error {
			rec.Created = rec.Created.Add(-time.Second)
			return f.right.Save(ctx, rec)
		}
	}},
	{"create overwrites", "save-create-exists save-error-keeps-record race-create", func(f *flawed) {
		f.save = func(ctx context.Context, rec *record) error {
			if rec.Revision == 0 {
				return f.force(ctx, rec)
			}
			return f.right.Save(ctx, rec)
		}
	}},
	{"save keeps the first times", "save-replaces", func(f *flawed) {
		f.save = func(ctx context.Context, rec *record) error {
			return f.saveAs(ctx, rec, func(rec *record) {
				if stored, err := f.right.Load(ctx, rec.ID); err == nil {
					rec.Created, rec.Renewed = stored.Created, stored.Renewed
				}
			})
		}
	}},
	{"last save wins", "save-conflict race-increments race-save", func(f *flawed) {
		f.save = func(ctx context.Context, rec *record) error {
			if err := f.right.Save(ctx, rec); !errors.Is(err, session.ErrConflict) {
				return err
			}
			return f.force(ctx, rec)
		}
	}},
	{"save recreates", "save-absent save-deleted expires race-delete-save", func(f *flawed) {
		f.save = func(ctx context.Context, rec *record) error {
			err := f.right.Save(ctx, rec)
			if errors.Is(err, session.ErrNotFound) && rec.Expires.After(time.Now()) {
				return f.force(ctx, rec)
			}
			return err
		}
	}},
	{"save prolongs what has expired", "save-create-expired save-replace-expired", func(f *flawed) {
		f.save = func(ctx context.Context, rec *record) error {
			return f.saveAs(ctx, rec, func(rec *record) {
				if !rec.Expires.After(time.Now()) {
					rec.Expires = time.Now().Add(time.Minute)
				}
			})
		}
	}},
	{"save of what has expired deletes", "save-replace-expired", func(f *flawed) {
		f.save = func(ctx context.Context, rec *record) error {
			if !rec.Expires.After(time.Now()) {
				f.right.Delete(ctx, rec.ID, 0)
			}
			return f.right.Save(ctx, rec)
		}
	}},
	{"revisions come again", "save-revisions-differ", func(f *flawed) {
		narrow := func(rev session.Revision) session.Revision { return rev%8 + 1 }
		f.load = func(ctx context.Context, id session.ID) (record, error) {
			rec, err := f.right.Load(ctx, id)
			rec.Revision = narrow(rec.Revision)
			return rec, err
		}
		f.save = func(ctx context.Context, rec *record) error {
			written := *rec
			if stored, err := f.right.Load(ctx, rec.ID); err == nil && narrow(stored.Revision) == rec.Revision {
				written.Revision = stored.Revision
			}
			err := f.right.Save(ctx, &written)
			if err == nil {
				rec.Revision = narrow(written.Revision)
			}
			return err
		}
	}},
	{"a refused save changes the record", "save-error-keeps-record", func(f *flawed) {
		f.save = func(ctx context.Context, rec *record) error {
			err := f.right.Save(ctx, rec)
			if err != nil {
				rec.Revision++
			}
			return err
		}
	}},
	{"no EncodeError", "save-error-keeps-record-unencodable", func(f *flawed) {
		f.save = func(ctx context.Context, rec *record) error {
			if r := rec.Value.Referrer; r != nil && r.Referrer == r {
				return errors.New("stack overflow")
			}
			return f.right.Save(ctx, rec)
		}
	}},
	{"save ignores expires", "expires-save-extends expires-save-shortens touch-then-save", func(f *flawed) {
		f.save = func(ctx context.Context, rec *record) error {
			return f.saveAs(ctx, rec, func(rec *record) {
				if stored, err := f.right.Load(ctx, rec.ID); err == nil {
					rec.Expires = stored.Expires
				}
			})
		}
	}},
	{"no record expires", "expires load-writes-nothing touch-shortens all-gone", func(f *flawed) {
		f.save = func(ctx context.Context, rec *record) error {
			return f.saveAs(ctx, rec, func(rec *record) {
				if rec.Expires.After(time.Now()) {
					rec.Expires = rec.Expires.Add(1000 * time.Hour)
				}
			})
		}
		f.touch = func(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
			return f.right.Touch(ctx, id, rev, expires.Add(1000*time.Hour))
		}
	}},
	{"an expired ID is taken", "expires-create", func(f *flawed) {
		var taken notes[bool]
		f.save = func(ctx context.Context, rec *record) error {
			live, err := f.right.Exists(ctx, rec.ID)
			if is, _ := taken.get(rec.ID); is && !live && err == nil && rec.Revision == 0 {
				return session.ErrExists
			}
			err = f.right.Save(ctx, rec)
			taken.set(rec.ID, err == nil)
			return err
		}
		f.delete = func(ctx context.Context, id session.ID, rev session.Revision) error {
			taken.set(id, false)
			return f.right.Delete(ctx, id, rev)
		}
	}},
}

// fieldFlaws returns a flaw for each field of a record that a Save may change: a Save
// that replaces keeps the former one.
func fieldFlaws() (all []flaw) {
	for i, field := range reflect.VisibleFields(reflect.TypeFor[record]()) {
		if field.Name == "ID" || field.Name == "Revision" {
			continue
		}
		all = append(all, flaw{"save keeps the first " + field.Name, "record-fields", func(f *flawed) {
			f.save = func(ctx context.Context, rec *record) error {
				return f.saveAs(ctx, rec, func(rec *record) {
					if stored, err := f.right.Load(ctx, rec.ID); err == nil {
						reflect.ValueOf(rec).Elem().Field(i).Set(reflect.ValueOf(stored).Field(i))
					}
				})
			}
		}})
	}
	return all
}

var valueFlaws = []flaw{
	{"empty becomes nil", "value-round-trip", func(f *flawed) {
		f.save = func(ctx context.Context, rec *record) error {
			return f.saveAs(ctx, rec, func(rec *record) {
				if len(rec.Value.Tags) == 0 {
					rec.Value.Tags = nil
				}
			})
		}
	}},
	{"secrets have one entry", "record-secrets", func(f *flawed) {
		f.load = func(ctx context.Context, id session.ID) (record, error) {
			rec, err := f.right.Load(ctx, id)
			if data, _ := rec.Secrets.AppendBinary(nil); len(data) > 45 {
				rec.Secrets, _ = session.ParseSecrets(data[:45])
			}
			return rec, err
		}
	}},
	{"secrets forget the renewals", "record-secrets", func(f *flawed) {
		f.load = func(ctx context.Context, id session.ID) (record, error) {
			rec, err := f.right.Load(ctx, id)
			if data, _ := rec.Secrets.AppendBinary(nil); err == nil {
				clear(data[:4])
				rec.Secrets, _ = session.ParseSecrets(data)
			}
			return rec, err
		}
	}},
	{"everybody has logged in", "record-not-logged-in", func(f *flawed) {
		f.load = func(ctx context.Context, id session.ID) (record, error) {
			rec, err := f.right.Load(ctx, id)
			if rec.LoggedIn.IsZero() {
				rec.LoggedIn = rec.Created
			}
			return rec, err
		}
	}},
	{"nothing persists", "record-round-trip", func(f *flawed) {
		f.load = func(ctx context.Context, id session.ID) (record, error) {
			rec, err := f.right.Load(ctx, id)
			rec.Remembered = false
			return rec, err
		}
	}},
	{"local time", "record-times", func(f *flawed) {
		f.load = func(ctx context.Context, id session.ID) (record, error) {
			rec, err := f.right.Load(ctx, id)
			rec.Deadline = rec.Deadline.In(time.FixedZone("CET", 3600))
			return rec, err
		}
	}},
	{"save writes to the value", "value-saved-untouched", func(f *flawed) {
		f.save = func(ctx context.Context, rec *record) error {
			slices.Sort(rec.Value.Tags)
			return f.right.Save(ctx, rec)
		}
	}},
	{"save writes into the stored value", "value-loaded-untouched", func(f *flawed) {
		f.save = func(ctx context.Context, rec *record) error {
			if stored, err := f.right.Load(ctx, rec.ID); err == nil {
				copy(stored.Value.Tags, rec.Value.Tags)
			}
			return f.right.Save(ctx, rec)
		}
	}},
	{"absent is empty", "load-absent", func(f *flawed) {
		f.load = func(ctx context.Context, id session.ID) (record, error) {
			rec, err := f.right.Load(ctx, id)
			return rec, instead(session.ErrNotFound, nil)(err)
		}
	}},
	{"load touches", "load-writes-nothing", func(f *flawed) {
		f.load = func(ctx context.Context, id session.ID) (record, error) {
			rec, _ := f.right.Load(ctx, id)
			f.right.Touch(ctx, id, rec.Revision, time.Now().Add(time.Hour))
			return f.right.Load(ctx, id)
		}
	}},
	{"exists sees what is gone", "load-absent delete", func(f *flawed) {
		f.exists = func(context.Context, session.ID) (bool, error) { return true, nil }
	}},
	{"exists sees nothing", "save-creates touch", func(f *flawed) {
		f.exists = func(context.Context, session.ID) (bool, error) { return false, nil }
	}},
}
