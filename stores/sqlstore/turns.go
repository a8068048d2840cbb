package sqlstore

import (
	"context"
	"database/sql"
	"sync"
)

func (s *statements) execAlone(ctx context.Context, j *job) (err error) {
	j.n, err = execute(ctx, s.own, j.text, j.args)
	return err
}

// execGroup runs the statements of several callers in one transaction. If it fails
// because of one of them, they go one by one.
func (s *statements) execGroup(ctx context.Context, jobs []*job) error {
	err := s.execTogether(ctx, jobs)
	if err == nil || rolledBack(err) || !refused(err) {
		return err
	}
	for _, j := range jobs {
		j.err = s.execAlone(j.ctx, j)
	}
	return nil
}

func (s *statements) execTogether(ctx context.Context, jobs []*job) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	prepared := map[string]*sql.Stmt{}
	for _, j := range jobs {
		stmt := prepared[j.text]
		if stmt == nil {
			if stmt, err = s.own.(*preparer).stmt(ctx, j.text); err != nil {
				return err
			}
			stmt = tx.StmtContext(ctx, stmt)
			prepared[j.text] = stmt
		}
		result, err := stmt.Exec(j.args...)
		if err == nil {
			j.n, err = result.RowsAffected()
		}
		if err != nil {
			return err
		}
	}
	return tx.Commit()
}

// A preparer prepares each statement once. SQLite is part of the program: there is no
// pool of connections between, which would lose prepared statements.
type preparer struct {
	db    *sql.DB
	stmts sync.Map
}

func (p *preparer) stmt(ctx context.Context, text string) (*sql.Stmt, error) {
	if stmt, ok := p.stmts.Load(text); ok {
		return stmt.(*sql.Stmt), nil
	}
	stmt, err := p.db.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	if first, loaded := p.stmts.LoadOrStore(text, stmt); loaded {
		return first.(*sql.Stmt), stmt.Close()
	}
	return stmt, nil
}

func (p *preparer) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	stmt, err := p.stmt(ctx, text)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

func (p *preparer) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	stmt, err := p.stmt(ctx, text)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}
