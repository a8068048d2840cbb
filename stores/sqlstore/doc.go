// Package sqlstore keeps sessions in a table of a SQL database: PostgreSQL (and
// CockroachDB, which speaks its dialect), MySQL 8, MariaDB or SQLite.
//
//	db, err := sql.Open("pgx", "postgres://localhost/shop")
//	...
//	carts, err := sqlstore.New(db, "", codec.MessagePack[Cart](), &sqlstore.Options{CreateTable: true})
//
// The package imports no driver. The program does, and the store finds the dialect
// from it.
//
// # Table
//
// [Schema] returns the table's definition for a migration tool. A session is one
// row:
//
//	id         the session's ID, which is a hash of its token
//	revision   names the last write
//	owner      SHA-256 of the owner, or NULL
//	ends       when the row ends, in Unix milliseconds on the database's clock
//	deadline   its absolute end, on the same clock
//	expires    the record's own time of expiry, as the program gave it
//	record     the record in the form of package codec/wire; NULL if it was renewed
//	successor  the ID of the session that goes on in its place; NULL if it was not
//
// Only the database's clock decides whether a session has ended, so that the clocks
// of nodes may differ.
//
// # Statements
//
//	Load, Exists         one SELECT by primary key
//	Save, Touch, Retire  one UPDATE or INSERT, and a SELECT if that wrote nothing
//	Delete               one DELETE, and a SELECT if that deleted nothing
//	ByOwner, All         SELECTs of 100 rows each, by index, without OFFSET
//
// Each statement commits by itself and is right at every isolation level. The store
// prepares each once. Some creations also delete up to 64 rows that have ended;
// [Store.Prune] deletes all of them. No goroutine runs.
//
// # Transactions
//
// A session can be saved in the transaction that does the rest of a request's work:
//
//	var items []string
//	err := sqlstore.Transact(ctx, db, nil, func(ctx context.Context, tx *sql.Tx) error {
//		cart.Update(func(c *Cart) { items, c.Items = c.Items, nil })
//		if err := cart.Commit(ctx); err != nil || len(items) == 0 {
//			return err
//		}
//		_, err := tx.ExecContext(ctx, "INSERT INTO orders ...")
//		return err
//	})
//	if err != nil {
//		sessions.Fail[Cart](w, r, err)
//		return
//	}
//
// The order is stored and the cart empty, or neither. A second checkout at the same
// time waits for the first one, and then finds the cart empty. For that, the handler
// commits the session first and orders the items that the edit has found.
//
// [InTx] does the same for a transaction that the application begins and ends. After a
// rollback the session is as it was, the client gets no cookie, and the handler answers
// with an error. It must make its changes anew if it tries again. It must end the
// transaction before it writes the response: until then, a commit of the session
// fails.
//
// The store sends no statement again in a transaction. If the database has to end a
// transaction because of another, the error is [ErrAborted]. PostgreSQL does that at
// the levels repeatable read and serializable, MySQL in a deadlock, and SQLite if the
// transaction has read before it writes. Its option _txlock=immediate prevents it.
//
// The first write leaves a receipt in the table, a row that stays for an hour. It shows
// later whether the transaction was committed, also if the reply to COMMIT was lost.
//
// # Connections
//
// By default, database/sql keeps two idle connections and closes the others after each
// use. A busy program then spends most of its time on opening them. Let it keep as many
// as it may open:
//
//	db.SetMaxOpenConns(32)
//	db.SetMaxIdleConns(32)
//	db.SetConnMaxIdleTime(5 * time.Minute)
//
// [Open] does so.
//
// # Faults
//
// A failure of the database is [session.ErrUnavailable] around the cause. If a reply
// to Save or Retire is lost, the store looks once whether the row has its revision.
// A statement that the database rolled back, because of a deadlock, a lock or a
// failed serialization, did nothing and is sent again up to eight times.
//
// SQLite lets one connection write at a time. The store's writes take turns, which is
// faster than waiting for a lock. For other writers, set busy_timeout and journal_mode=WAL
// in the data source name. A database in memory is one for each connection, unless
// the pool has one connection only.
//
// # Privileges
//
// The database's user needs SELECT, INSERT, UPDATE and DELETE on the table, and
// CREATE for Options.CreateTable.
package sqlstore
