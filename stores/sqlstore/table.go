package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seed48429006/sessions/session"
)

// createTable creates the table and its indexes if they are absent. A table that is
// there as it must be needs no privilege to create one.
func (s *Store[T]) createTable(ctx context.Context) error {
	err := s.Check(ctx)
	if err == nil || errors.Is(err, errUnsuited) {
		return err
	}
	if err = retry(ctx, func() error { return s.runSchema(ctx) }); err == nil {
		return s.Check(ctx)
	}
	if s.db.PingContext(ctx) == nil { // the database answers, and refuses
		return fmt.Errorf("sqlstore: creating the table %s: %v", s.table, err)
	}
	return fmt.Errorf("%w: creating the table %s: %w", session.ErrUnavailable, s.table, err)
}

// runSchema creates the table and its indexes in a transaction: a program that ends
// meanwhile leaves all or nothing, unless the database is MySQL. Programs that start at
// once take turns.
func (s *statements) runSchema(ctx context.Context) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if s.single != "" {
		if _, err := tx.ExecContext(ctx, s.single); err != nil {
			return err
		}
	}
	for _, text := range s.grammar.schema(s.dialect, s.table) {
		if _, err := tx.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	return tx.Commit()
}

var errUnsuited = errors.New("sqlstore: the database is not suited")

// Check returns an error if the table is not as [Schema] creates it, or if a setting of
// the connections is wrong: it names the column, the index or the setting. [Open] calls
// it, and so does [New] with Options.CreateTable. Programs whose tables are created by a
// migration tool can call it when they start.
func (s *Store[T]) Check(ctx context.Context) error {
	if err := s.checkSettings(ctx); err != nil {
		return err
	}
	missing, err := s.missingColumns(ctx)
	if err == nil && len(missing) > 0 {
		err = fmt.Errorf("%w: the table %s has no column %s; is it another program's?", errUnsuited, s.table, strings.Join(missing, ", "))
	}
	if err != nil {
		return err
	}
	if s.engine != "" {
		engine, err := s.strings(ctx, s.text(s.engine))
		if err != nil {
			return session.StoreError(err)
		}
		if len(engine) > 0 && !strings.EqualFold(engine[0], "InnoDB") {
			return fmt.Errorf("%w: the table %s has the engine %s; it must be InnoDB", errUnsuited, s.table, engine[0])
		}
	}
	first, err := s.strings(ctx, s.text(s.indexed))
	if err != nil {
		return session.StoreError(err)
	}
	for _, column := range []string{"id", "owner", "ends"} {
		if !slices.Contains(first, column) {
			return fmt.Errorf("sqlstore: the table %s has no index that begins with the column %s", s.table, column)
		}
	}
	return nil
}

func (s *statements) missingColumns(ctx context.Context) (missing []string, err error) {
	db := hasty{s.db}
	var rows *sql.Rows
	for range 2 { // the first time, a driver may have the plan of the table as it was
		if rows, err = db.QueryContext(ctx, s.text("SELECT * FROM {table} WHERE 1 = 0")); err == nil {
			break
		}
	}
	if err != nil {
		return nil, session.StoreError(err)
	}
	defer rows.Close()
	has, err := rows.Columns()
	for _, name := range columns {
		if !slices.Contains(has, name) {
			missing = append(missing, name)
		}
	}
	return missing, session.StoreError(errors.Join(err, rows.Err()))
}

// checkSettings refuses connections on which a write is not a write, or a read not a
// read.
func (s *Store[T]) checkSettings(ctx context.Context) error {
	if s.suited == "" {
		return nil
	}
	settings := map[string]string{}
	err := each(ctx, hasty{s.db}, func(rows *sql.Rows) error {
		var name, value string
		err := rows.Scan(&name, &value)
		settings[strings.ToLower(name)] = strings.ToLower(value)
		return err
	}, s.text(s.suited), nil)
	if err != nil {
		return session.StoreError(err)
	}
	packet, _ := strconv.Atoi(settings["max_allowed_packet"])
	switch {
	case settings["autocommit"] == "off":
		return fmt.Errorf("%w: autocommit is off, so that nothing is ever saved", errUnsuited)
	case settings["transaction_isolation"] == "read-uncommitted" || settings["tx_isolation"] == "read-uncommitted":
		return fmt.Errorf("%w: transactions read uncommitted rows", errUnsuited)
	case 2*s.limit+packetMargin > packet: // escaped, a byte can take two
		return fmt.Errorf("%w: max_allowed_packet is %d, which is too small for records of %d bytes, of which each may take two", errUnsuited, packet, s.limit)
	}
	return nil
}

// packetMargin is more than a statement has besides a record.
const packetMargin = 4096

func (s *statements) strings(ctx context.Context, query string) (all []string, err error) {
	err = each(ctx, hasty{s.db}, func(rows *sql.Rows) error {
		var text string
		err := rows.Scan(&text)
		all = append(all, text)
		return err
	}, query, nil)
	return all, err
}
