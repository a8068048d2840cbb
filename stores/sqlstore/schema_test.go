package sqlstore_test

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

type cart struct{ Items []string }

// strange is a driver whose dialect is not known.
type strange struct{}

func (strange) Open(string) (driver.Conn, error) { return nil, errors.New("closed") }

func open(t *testing.T) *sql.DB {
	t.Helper()
	if slices.Contains(sql.Drivers(), "strange") {
		db, err := sql.Open("strange", "")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return db
	}
	sql.Register("strange", strange{})
	return open(t)
}

func TestMistakesInTheArguments(t *testing.T) {
	db := open(t)
	for name, test := range map[string]struct {
		db      *sql.DB
		dialect sqlstore.Dialect
		codec   codec.Codec[cart]
		options sqlstore.Options
		want    []string
	}{
		"no database":        {nil, sqlstore.SQLite, codec.JSON[cart](), sqlstore.Options{}, []string{"database is nil"}},
		"an unknown driver":  {db, "", codec.JSON[cart](), sqlstore.Options{}, []string{"pass PostgreSQL, MySQL or SQLite"}},
		"an unknown dialect": {db, "oracle", codec.JSON[cart](), sqlstore.Options{}, []string{`unknown dialect "oracle"`}},
		"several": {db, sqlstore.MySQL, nil, sqlstore.Options{Table: "a b", MaxRecordBytes: -1},
			[]string{"codec is nil", "letters, digits and underscores", "MaxRecordBytes is -1"}},
		"a table with a quote":    {db, sqlstore.MySQL, codec.JSON[cart](), sqlstore.Options{Table: "a`; DROP"}, []string{"letters"}},
		"a table with a digit":    {db, sqlstore.MySQL, codec.JSON[cart](), sqlstore.Options{Table: "1a"}, []string{"begin with a digit"}},
		"a table of a long name":  {db, sqlstore.MySQL, codec.JSON[cart](), sqlstore.Options{Table: strings.Repeat("a", 57)}, []string{"1 to 56"}},
		"a database that is down": {db, sqlstore.SQLite, codec.JSON[cart](), sqlstore.Options{CreateTable: true}, []string{"unavailable", "closed"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sqlstore.New(test.db, test.dialect, test.codec, &test.options)
			for _, want := range test.want {
				if !strings.Contains(fmt.Sprint(err), want) {
					t.Errorf("got %v, want %q in it", err, want)
				}
			}
		})
	}
}

func TestSchema(t *testing.T) {
	for dialect, want := range map[sqlstore.Dialect][]string{
		sqlstore.PostgreSQL: {`"carts"`, "BYTEA", `CREATE INDEX IF NOT EXISTS "carts_owner" ON "carts" (owner, id) WHERE owner IS NOT NULL;`},
		sqlstore.MySQL:      {"`carts`", "BINARY(32)", "MEDIUMBLOB", "KEY `carts_ends` (ends)"},
		sqlstore.SQLite:     {`"carts"`, "BLOB"},
	} {
		t.Run(string(dialect), func(t *testing.T) {
			text, err := sqlstore.Schema(dialect, "carts")
			for _, part := range want {
				if err != nil || !strings.Contains(text, part) {
					t.Errorf("%s\n%v: no %s", text, err, part)
				}
			}
		})
	}
}

// The guide for operators has the definitions of the table.
func TestTheGuideHasTheSchema(t *testing.T) {
	guide, err := os.ReadFile("../../docs/guides/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, dialect := range []sqlstore.Dialect{sqlstore.PostgreSQL, sqlstore.MySQL, sqlstore.SQLite} {
		text, err := sqlstore.Schema(dialect, sqlstore.DefaultTable)
		if err != nil || !strings.Contains(string(guide), "```sql\n"+text+"```\n") {
			t.Errorf("operating.md does not have the definition for %s, %v:\n%s", dialect, err, text)
		}
	}
}

// A table may be in a schema. Its indexes are in the same one.
func TestSchemaOfATableInASchema(t *testing.T) {
	for dialect, want := range map[sqlstore.Dialect][]string{
		sqlstore.PostgreSQL: {`"shop"."carts"`, `"carts_owner" ON "shop"."carts"`},
		sqlstore.MySQL:      {"`shop`.`carts`", "KEY `carts_ends`"},
		sqlstore.SQLite:     {`"shop"."carts"`, `"shop"."carts_owner" ON "carts"`},
	} {
		text, err := sqlstore.Schema(dialect, "shop.carts")
		for _, part := range want {
			if err != nil || !strings.Contains(text, part) {
				t.Errorf("%s: %s\n%v: no %s", dialect, text, err, part)
			}
		}
	}
	for _, bad := range []string{"shop.", ".carts", "a.b.c", "shop.ca-rts"} {
		if _, err := sqlstore.Schema(sqlstore.SQLite, bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}
