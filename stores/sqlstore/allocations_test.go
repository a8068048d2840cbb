package sqlstore_test

import (
	"database/sql/driver"
	"math"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

// A call of the store makes few allocations more than its statement alone, by
// database/sql and the driver. A write to SQLite is handed to a goroutine, which takes turns.
func TestAllocations(t *testing.T) {
	info, _ := debug.ReadBuildInfo()
	if slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		t.Skip("the race detector is on")
	}
	ctx, id, c := t.Context(), session.NewID(), codec.MessagePack[cart]()
	rec := session.Record[cart]{ID: id, Revision: 1, Secrets: session.NewSecrets(session.NewToken(id)), Expires: time.Now().Add(time.Hour), Value: cart{[]string{"tea"}}}
	data, err := wire.AppendRecord(nil, &rec, 1, c)
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{do: func(string) {}, row: []driver.Value{data, rec.Expires.UnixMilli()}}
	db := f.database(t)
	store, err := sqlstore.New(db, sqlstore.SQLite, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	stmt, err := db.Prepare("as long as it takes")
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	n := time.Now().UnixMilli()
	read := func(dest ...any) error { return stmt.QueryRowContext(ctx, id[:]).Scan(dest...) }
	write := func(args ...any) error { _, err := stmt.ExecContext(ctx, args...); return err }
	for name, tt := range map[string]struct {
		call, statement func() error
		most            float64 // more than the statement
	}{
		"Load": {
			func() error { _, err := store.Load(ctx, id); return err },
			func() error {
				var data []byte
				var expires int64
				if err := read(&data, &expires); err != nil {
					return err
				}
				_, err := wire.DecodeRecord(data, id, c)
				return err
			}, 2,
		},
		"Save": {
			func() error { return store.Save(ctx, &rec) },
			func() error { return write(n, nil, n, n, n, data, id[:], n) }, 13,
		},
		"Touch": {
			func() error { return store.Touch(ctx, id, rec.Revision, rec.Expires) },
			func() error { return write(n, n, id[:], n) }, 9,
		},
		"Delete": {
			func() error { return store.Delete(ctx, id, 0) },
			func() error { return write(id[:]) }, 9,
		},
	} {
		t.Run(name, func(t *testing.T) {
			call, statement := allocations(t, tt.call), allocations(t, tt.statement)
			if call-statement > tt.most {
				t.Errorf("%v allocations, and %v of the statement: want at most %v more", call, statement, tt.most)
			}
			t.Logf("%v allocations, and %v of the statement", call, statement)
		})
	}
}

func allocations(t *testing.T, f func() error) float64 {
	t.Helper()
	least := math.Inf(1)
	for range 20 {
		least = min(least, testing.AllocsPerRun(5, func() {
			if err := f(); err != nil {
				t.Fatal(err)
			}
		}))
	}
	return least
}
