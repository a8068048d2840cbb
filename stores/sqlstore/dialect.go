package sqlstore

import (
	"database/sql"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// A Dialect is the SQL that a database speaks. The zero Dialect asks [New] to find
// it from the driver.
type Dialect string

// The dialects.
const (
	PostgreSQL Dialect = "postgresql" // also CockroachDB
	MySQL      Dialect = "mysql"      // MySQL 8 and MariaDB 10.6
	SQLite     Dialect = "sqlite"     // SQLite 3.35
)

// grammar is how a dialect says things.
type grammar struct {
	now      string // the database's time, in Unix milliseconds
	began    string // the same when the statement began; rows are found by it in an index
	id       string // the type of 16 bytes
	hash     string // the type of 32 bytes
	record   string // the type of a record
	quote    string // around names
	numbered bool   // parameters are $1, $2 and so on
	least    string // the function that returns the least of its arguments
	lock     string // makes a SELECT in a transaction read the latest row, not its snapshot's
	limit    int    // the largest MaxRecordBytes

	// insert stores a row whose ID is absent, and replaces one that has ended.
	// If it is empty, the insertion of a present ID fails as duplicate says.
	insert string

	// prune deletes some rows that have ended, from a time on, and returns {columns}.
	// It waits for no lock. It finds rows by {began}, because a time that passes during
	// the statement finds nothing in an index. If there is bury, prune only reads and
	// locks the rows, in a transaction in which bury deletes them.
	prune, bury string

	rows string // begins a statement about a group of rows, v; empty if the dialect has none
	free string // those rows of the group, f, that nobody has locked
	any  string // that a column is one of an array

	indexed string // the first columns of the table's indexes
	suited  string // names and values of settings that tell whether the database suits
	engine  string // the table's engine
	single  string // the first statement of a creation, so that only one runs at a time
}

var grammars = map[Dialect]*grammar{
	PostgreSQL: {
		now:      "CAST(date_part('epoch', clock_timestamp()) * 1000 AS BIGINT)",
		began:    "CAST(date_part('epoch', statement_timestamp()) * 1000 AS BIGINT)",
		id:       "BYTEA",
		hash:     "BYTEA",
		record:   "BYTEA",
		quote:    `"`,
		numbered: true,
		least:    "LEAST",
		limit:    1 << 28,
		insert:   onConflict,
		prune: "DELETE FROM {table} WHERE ends <= {now} AND id = ANY (ARRAY(SELECT id FROM {table} WHERE ends >= ? AND ends <= {began}" +
			" ORDER BY ends LIMIT {batch} FOR UPDATE SKIP LOCKED)) RETURNING {columns}",
		// A plan is kept only if it does not seem to depend on the arguments: hence SELECT.
		rows: "WITH v AS (SELECT sid, was, rev, own, lasts, dies, until, substring((SELECT $9::bytea) FROM pos FOR len) AS rec FROM unnest(" +
			"(SELECT $1::bytea[]), (SELECT $2::bigint[]), (SELECT $3::bigint[]), (SELECT $4::bytea[]), (SELECT $5::bigint[])," +
			" (SELECT $6::bigint[]), (SELECT $7::bigint[]), (SELECT $8::int[]), (SELECT $10::int[]))" +
			" AS u (sid, was, rev, own, lasts, dies, until, pos, len))",
		free: ", f AS (SELECT v.* FROM v JOIN {table} s ON id = sid WHERE revision = was AND ends > {now} FOR NO KEY UPDATE OF s SKIP LOCKED) ",
		any:  "= ANY (CAST((SELECT $1::bytea[]) AS bytea[]))",
		indexed: "SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]" +
			" WHERE i.indisvalid AND i.indrelid = '{table}'::regclass",
		single: "SELECT pg_advisory_xact_lock(7310579611)", // any number that others do not use
	},
	MySQL: {
		now:     "(" + mysqlBegan + " + (TIMESTAMPDIFF(MICROSECOND, NOW(3), SYSDATE(3)) DIV 1000 + 87300000) % 1800000 - 900000)",
		began:   mysqlBegan,
		id:      "BINARY(16)",
		hash:    "BINARY(32)",
		record:  "MEDIUMBLOB",
		quote:   "`",
		least:   "LEAST",
		lock:    " FOR UPDATE",
		limit:   1<<24 - 1,
		prune:   "SELECT {columns} FROM {table} WHERE ends >= ? AND ends <= {began} ORDER BY ends LIMIT {batch} FOR UPDATE SKIP LOCKED",
		bury:    "DELETE s FROM ({ids}) d STRAIGHT_JOIN {table} s ON s.id = d.id", // a scan would wait for the locks of other rows
		indexed: "SELECT column_name FROM information_schema.statistics WHERE seq_in_index = 1 AND table_schema = {schema} AND table_name = {name}",
		suited:  "SHOW VARIABLES WHERE variable_name IN ('autocommit', 'transaction_isolation', 'tx_isolation', 'max_allowed_packet')",
		engine:  "SELECT engine FROM information_schema.tables WHERE table_schema = {schema} AND table_name = {name}",
	},
	SQLite: {
		now:     sqliteNow,
		began:   sqliteNow, // does not pass during a statement
		id:      "BLOB",
		hash:    "BLOB",
		record:  "BLOB",
		quote:   `"`,
		least:   "MIN",
		limit:   1 << 28,
		insert:  onConflict,
		prune:   "DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE ends >= ? AND ends <= {began} ORDER BY ends LIMIT {batch}) RETURNING {columns}",
		indexed: "SELECT i.name FROM pragma_index_list({name}, {schema}) l, pragma_index_info(l.name, {schema}) i WHERE i.seqno = 0",
	},
}

// mysqlBegan does not read the server's local time, in which an hour comes twice when
// summer time ends. MySQL has no such function for the present time: it is as much
// later as the local times differ, give or take half hours, by which summer time moves
// them. A quarter of an hour either way is left: a clock may also be set back.
const mysqlBegan = "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000)"

const sqliteNow = "CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"

const onConflict = " ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, owner = excluded.owner, ends = excluded.ends," +
	" deadline = excluded.deadline, expires = excluded.expires, record = excluded.record WHERE s.ends <= {now}"

// dialectOf returns the dialect of a database's driver.
func dialectOf(db *sql.DB) (Dialect, error) {
	is := driverOf(db)
	switch {
	case is("pgx", "lib/pq"):
		return PostgreSQL, nil
	case is("mysql"):
		return MySQL, nil
	case is("sqlite"):
		return SQLite, nil
	}
	return "", fmt.Errorf("sqlstore: the dialect of the driver %T is not known; pass PostgreSQL, MySQL or SQLite", db.Driver())
}

// driverOf returns a function that reports whether the path of the driver's package has
// one of the parts.
func driverOf(db *sql.DB) func(parts ...string) bool {
	t := reflect.TypeOf(db.Driver())
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(t.PkgPath(), part) })
	}
}

// list returns n items in parentheses for a statement.
func list(item string, n int) string { return item + strings.Repeat(", "+item, n-1) }

// statement returns a template's text for a table: {table}, {now} and the like are
// filled in, and each ? is a parameter.
func (g *grammar) statement(table, template string) string {
	schema, name, qualified := strings.Cut(table, ".")
	inSchema, named := "", "'"+schema+"'"
	if !qualified {
		schema, name, named = "", table, "NULL"
		if g.lock != "" {
			named = "DATABASE()"
		}
	} else {
		inSchema = g.quote + schema + g.quote + "."
	}
	quoted := g.quote + name + g.quote
	text := strings.NewReplacer(
		"{table}", inSchema+quoted,
		"{bare}", quoted,
		"{name}", "'"+name+"'",
		"{schema}", named,
		"{in}", inSchema,
		"{now}", g.now,
		"{began}", g.began,
		"{least}", g.least,
		"{batch}", fmt.Sprint(pruneBatch),
		"{page}", fmt.Sprint(pageSize),
		"{id}", g.id,
		"{hash}", g.hash,
		"{blob}", g.record,
		"{byOwner}", g.quote+name+"_owner"+g.quote,
		"{byEnd}", g.quote+name+"_ends"+g.quote,
	).Replace(template)
	if !g.numbered {
		return text
	}
	var b strings.Builder
	n := 0
	for _, part := range strings.SplitAfter(text, "?") {
		if before, found := strings.CutSuffix(part, "?"); found {
			n++
			part = fmt.Sprintf("%s$%d", before, n)
		}
		b.WriteString(part)
	}
	return b.String()
}

// Schema returns the statements that create the table and its indexes, each ended
// by a semicolon, for a migration tool. The statements of MySQL create the indexes
// with the table. The table may be in a schema, as "schema.table".
func Schema(d Dialect, table string) (string, error) {
	g, ok := grammars[d]
	if !ok {
		return "", fmt.Errorf("sqlstore: unknown dialect %q; there are PostgreSQL, MySQL and SQLite", string(d))
	}
	if err := checkTable(table); err != nil {
		return "", err
	}
	return strings.Join(g.schema(d, table), ";\n") + ";\n", nil
}

// columns are those of the table.
var columns = []string{"id", "revision", "owner", "ends", "deadline", "expires", "record"}

func (g *grammar) schema(d Dialect, table string) []string {
	create := `CREATE TABLE IF NOT EXISTS {table} (
  id {id} NOT NULL PRIMARY KEY,
  revision BIGINT NOT NULL,
  owner {hash},
  ends BIGINT NOT NULL,
  deadline BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  record {blob} NOT NULL`
	if d == MySQL {
		return []string{g.statement(table, create+",\n  KEY {byOwner} (owner, id),\n  KEY {byEnd} (ends)\n) ENGINE=InnoDB")}
	}
	byOwner, byEnd := "{byOwner} ON {table}", "{byEnd} ON {table}"
	if d == SQLite { // an index names the schema itself
		byOwner, byEnd = "{in}{byOwner} ON {bare}", "{in}{byEnd} ON {bare}"
	}
	return []string{
		g.statement(table, create+"\n)"),
		g.statement(table, "CREATE INDEX IF NOT EXISTS "+byOwner+" (owner, id) WHERE owner IS NOT NULL"),
		g.statement(table, "CREATE INDEX IF NOT EXISTS "+byEnd+" (ends)"),
	}
}

// checkTable refuses names that are not letters, digits and underscores: they are
// valid in every database, and need no escaping. One name of a schema may come first.
func checkTable(table string) error {
	bad := func(r rune) bool {
		return r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	}
	parts := strings.SplitN(table, ".", 2)
	for _, name := range parts {
		switch {
		case name == "" || len(name) > maxTable:
			return fmt.Errorf("sqlstore: the table's name %q must have 1 to %d characters", table, maxTable)
		case strings.ContainsFunc(name, bad) || name[0] >= '0' && name[0] <= '9':
			return fmt.Errorf("sqlstore: the table's name %q must consist of letters, digits and underscores, and must not begin with a digit", table)
		}
	}
	return nil
}

// maxTable leaves room for the names of indexes in the 63 bytes of PostgreSQL.
const maxTable = 56
