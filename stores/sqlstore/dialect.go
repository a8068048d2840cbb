package sqlstore

import (
	"database/sql"
	"fmt"
	"reflect"
	"strings"
)

// A Dialect is the SQL that a database speaks. The zero Dialect asks [New] to find
// it from the driver.
type Dialect string

// The dialects.
const (
	PostgreSQL Dialect = "postgresql" // also CockroachDB
	MySQL      Dialect = "mysql"      // MySQL 8 and MariaDB
	SQLite     Dialect = "sqlite"
)

// grammar is how a dialect says things.
type grammar struct {
	now      string // the database's time, in Unix milliseconds
	began    string // the same when the statement began; rows are found by it in an index
	hash     string // the type of 32 bytes
	record   string // the type of a record
	quote    string // around names
	numbered bool   // parameters are $1, $2 and so on
	least    string // the function that returns the least of its arguments
	lock     string // makes a SELECT in a transaction read the latest row, not its snapshot's

	// insert stores a row whose ID is absent, and replaces one that has ended.
	// If it is empty, the insertion of a present ID fails as duplicate says.
	insert string

	// prune deletes some rows that have ended. It reads no others: it finds them by
	// {began}, because a time that passes during the statement finds nothing in an index.
	prune string
}

var grammars = map[Dialect]grammar{
	PostgreSQL: {
		now:      "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
		began:    "CAST(EXTRACT(EPOCH FROM statement_timestamp()) * 1000 AS BIGINT)",
		hash:     "BYTEA",
		record:   "BYTEA",
		quote:    `"`,
		numbered: true,
		least:    "LEAST",
		insert:   onConflict,
		prune:    "DELETE FROM {table} WHERE ends <= {now} AND id = ANY (ARRAY(SELECT id FROM {table} WHERE ends <= {began} ORDER BY ends LIMIT {batch} FOR UPDATE SKIP LOCKED))",
	},
	MySQL: {
		now:    "(" + mysqlBegan + " + (TIMESTAMPDIFF(MICROSECOND, NOW(3), SYSDATE(3)) DIV 1000 + 87300000) % 1800000 - 900000)",
		began:  mysqlBegan,
		hash:   "BINARY(32)",
		record: "MEDIUMBLOB",
		quote:  "`",
		least:  "LEAST",
		lock:   " FOR UPDATE",
		prune:  "DELETE FROM {table} WHERE ends <= {began} ORDER BY ends LIMIT {batch}",
	},
	SQLite: {
		now:    sqliteNow,
		began:  sqliteNow, // does not pass during a statement
		hash:   "BLOB",
		record: "BLOB",
		quote:  `"`,
		least:  "MIN",
		insert: onConflict,
		prune:  "DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE ends <= {began} ORDER BY ends LIMIT {batch})",
	},
}

// mysqlBegan does not read the server's local time, in which an hour comes twice when
// summer time ends. MySQL has no such function for the present time: it is as much
// later as the local times differ, give or take half hours, by which summer time moves
// them. A quarter of an hour either way is left: a clock may also be set back.
const mysqlBegan = "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000)"

const sqliteNow = "CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"

const onConflict = " ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, owner = excluded.owner, ends = excluded.ends," +
	" deadline = excluded.deadline, expires = excluded.expires, record = excluded.record, successor = NULL WHERE {table}.ends <= {now}"

// dialectOf returns the dialect of a database's driver.
func dialectOf(db *sql.DB) (Dialect, error) {
	t := reflect.TypeOf(db.Driver())
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	for _, known := range []struct {
		pkg     string
		dialect Dialect
	}{
		{"pgx", PostgreSQL}, {"lib/pq", PostgreSQL}, {"mysql", MySQL}, {"sqlite", SQLite},
	} {
		if strings.Contains(t.PkgPath(), known.pkg) {
			return known.dialect, nil
		}
	}
	return "", fmt.Errorf("sqlstore: the dialect of the driver %s.%s is not known; pass PostgreSQL, MySQL or SQLite", t.PkgPath(), t.Name())
}

// statement returns a template's text for a table: {table}, {now} and the like are
// filled in, and each ? is a parameter.
func (g *grammar) statement(table, template string) string {
	text := strings.NewReplacer(
		"{table}", g.quote+table+g.quote,
		"{now}", g.now,
		"{began}", g.began,
		"{least}", g.least,
		"{batch}", fmt.Sprint(pruneBatch),
		"{page}", fmt.Sprint(pageSize),
		"{hash}", g.hash,
		"{blob}", g.record,
		"{byOwner}", g.quote+table+"_owner"+g.quote,
		"{byEnd}", g.quote+table+"_ends"+g.quote,
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
// with the table.
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

func (g *grammar) schema(d Dialect, table string) []string {
	columns := `CREATE TABLE IF NOT EXISTS {table} (
  id {hash} NOT NULL PRIMARY KEY,
  revision BIGINT NOT NULL,
  owner {hash},
  ends BIGINT NOT NULL,
  deadline BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  record {blob},
  successor {hash}`
	if d == MySQL {
		return []string{g.statement(table, columns+",\n  KEY {byOwner} (owner, id),\n  KEY {byEnd} (ends)\n)")}
	}
	return []string{
		g.statement(table, columns+"\n)"),
		g.statement(table, "CREATE INDEX IF NOT EXISTS {byOwner} ON {table} (owner, id) WHERE owner IS NOT NULL"),
		g.statement(table, "CREATE INDEX IF NOT EXISTS {byEnd} ON {table} (ends)"),
	}
}

// checkTable refuses names that are not letters, digits and underscores: they are
// valid in every database, and need no escaping.
func checkTable(table string) error {
	bad := func(r rune) bool {
		return r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	}
	switch {
	case table == "" || len(table) > maxTable:
		return fmt.Errorf("sqlstore: the table's name %q must have 1 to %d characters", table, maxTable)
	case strings.ContainsFunc(table, bad) || table[0] >= '0' && table[0] <= '9':
		return fmt.Errorf("sqlstore: the table's name %q must consist of letters, digits and underscores, and must not begin with a digit", table)
	}
	return nil
}

// maxTable leaves room for the names of indexes in the 63 bytes of PostgreSQL.
const maxTable = 56
