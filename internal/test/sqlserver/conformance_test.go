package sqlserver_test

import (
	"database/sql"
	"sync/atomic"
	"testing"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/sqlserver"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/storetest"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

func TestConformance(t *testing.T) {
	for _, d := range sqlserver.Databases {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			db, cable := openLosing(t, d)
			c := &countingCodec{Codec: codec.MessagePack[storetest.Profile]()}
			s, err := sqlstore.New(db, dialects[d.Driver], c, &sqlstore.Options{CreateTable: true})
			must(t, err)
			corrupt := func(t *testing.T, _ session.Store[storetest.Profile], id session.ID) {
				damage(t, db, dialects[d.Driver], id)
			}
			storetest.Run(t, func(*testing.T) session.Store[storetest.Profile] { return s }, &storetest.Options{
				Indexer: true, Lister: true, Poller: true, Opener: true, MaxRecord: sqlstore.DefaultMaxRecordBytes,
				Corrupt: corrupt, Lose: cable.lose, Decoded: func() int { return int(c.decoded.Load()) },
			})
		})
	}
}

// A countingCodec counts the values that it has decoded.
type countingCodec struct {
	codec.Codec[storetest.Profile]
	decoded atomic.Int64
}

func (c *countingCodec) Decode(data []byte, v *storetest.Profile) error {
	c.decoded.Add(1)
	return c.Codec.Decode(data, v)
}

// damage replaces the record of a session by bytes that are none.
func damage(t *testing.T, db *sql.DB, d sqlstore.Dialect, id session.ID) {
	t.Helper()
	statement := "UPDATE sessions SET record = ? WHERE id = ?"
	if d == sqlstore.PostgreSQL {
		statement = "UPDATE sessions SET record = $1 WHERE id = $2"
	}
	_, err := db.ExecContext(t.Context(), statement, []byte("damage"), id[:])
	must(t, err)
}
