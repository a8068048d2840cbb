// Package sqlstore keeps sessions in a table of a SQL database: PostgreSQL (and
// CockroachDB, which speaks its dialect), MySQL 8, MariaDB 10.6 or SQLite 3.35.
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
// [Schema] returns the table's definition for a migration tool, and [Store.Check] says
// what differs from it. A session is one row:
//
//	id         the session's ID
//	revision   names the last write
//	owner      SHA-256 of the owner, or NULL
//	ends       when the row ends, in Unix milliseconds on the database's clock
//	deadline   its absolute end, on the same clock
//	expires    the record's own time of expiry, as the program gave it
//	record     the record in the form of package codec/wire
//
// Only the database's clock decides whether a session has ended, so that the clocks
// of nodes may differ.
//
// # Statements
//
//	Load          one SELECT by primary key
//	Save, Touch   one UPDATE or INSERT, and a SELECT if that wrote nothing
//	Delete        one DELETE, and a SELECT if that deleted nothing
//	ByOwner, All  SELECTs of 100 rows each, by index, without OFFSET
//
// Each statement commits by itself and is right at every isolation level but read
// uncommitted. The store prepares none, except on SQLite, so that it works behind
// PgBouncer with any mode of the driver that does.
//
// Statements of concurrent callers go together. Two are under way at once; further
// callers wait until one is back, and then share one statement. A single caller never
// waits. This holds for Load on PostgreSQL and MySQL, for Save on PostgreSQL, and for
// all writes to SQLite, which share a transaction. Each caller has its own deadline and
// its own error. A row that somebody has locked delays nobody else.
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
// [Join] does the same for a transaction that the application or another library begins
// and ends. After a rollback the session is as it was before its first Commit in the
// transaction. All changes of that Commit are dropped, also those that were made before
// the transaction began: commit first what must stay. The client gets no cookie, and the
// handler answers with an error.
//
// If a statement of the store fails in a transaction, the store rolls the transaction
// back at once, so that nothing after it is carried out by itself. The error is
// [ErrAborted] if another attempt is right. On PostgreSQL that happens at the levels
// repeatable read and serializable, on MySQL in a deadlock, and on SQLite if the
// transaction has read before it writes. SQLite's option _txlock=immediate prevents it.
//
// A transaction needs no other connection while it is open, so that a pool of one is
// enough. One SELECT looks whether it has kept the sessions: before COMMIT in [Transact],
// and after it in [Transaction.End]. Savepoints and nested transactions are not supported,
// and this finds them: see [Join]. Package pgxtx, a module of its own, joins transactions
// of pgx itself.
//
// # Rows that have ended
//
// Some creations delete up to 64 rows that have ended. [Options].PruneEvery lets a
// goroutine of the store do it instead, and [Store.Prune] deletes all of them. None of
// them waits for a lock, and nobody waits for them.
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
// [Open] does so. For MySQL, it also sets the driver's option interpolateParams, without
// which each statement takes two round trips.
//
// # Faults
//
// A failure of the database is [session.ErrUnavailable] around the cause. If a reply
// to Save is lost, the store looks once whether the row has its revision. A statement
// that the database rolled back, because of a deadlock, a lock or a failed
// serialization, did nothing and is sent again up to eight times. If a reply to COMMIT is
// lost, [Transact] and [Transaction.End] look at the sessions that were saved.
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
