package sqlstore

import (
	"context"
	"database/sql"
	"encoding/hex"
	"strconv"
	"time"

	"github.com/seed48429006/sessions/session"
)

// beginLanes lets the statements of concurrent callers go together. SQLite lets one
// connection write at a time, and reads need no company there.
func (s *statements) beginLanes() {
	if s.dialect == SQLite {
		s.own = &preparer{db: s.db}
		s.turn = kind{s.execAlone, s.execGroup}
		s.writes = &lane{most: 1, patience: time.Second, prompt: s.prompt}
		return
	}
	s.loading = kind{s.loadAlone, s.loadGroup}
	s.reads = &lane{most: 2, patience: patience, prompt: s.prompt}
	if s.rows != "" {
		s.writes = &lane{most: 2, patience: patience, prompt: s.prompt}
		s.replacing = s.writing(s.replace, s.free+replaceRows, func(a []any) []any { return append(a[2:8:8], a[0], a[1]) })
		s.inserting = s.writing(s.insert, insertRows+s.grammar.insert, func(a []any) []any { return append(a[:1:1], a[2:]...) })
	}
}

func (s *statements) loadAlone(ctx context.Context, j *job) error {
	return each(ctx, s.own, func(rows *sql.Rows) error { return rows.Scan(&j.record, &j.expires) }, s.load, j.args)
}

// loadGroup reads the records of several jobs. Those of the same session share one.
func (s *statements) loadGroup(ctx context.Context, jobs []*job) error {
	byID := make(map[session.ID][]*job, len(jobs))
	args := make([]any, len(jobs))
	for i, j := range jobs {
		id := session.ID(j.args[0].([]byte))
		byID[id] = append(byID[id], j)
		args[i] = j.args[0]
	}
	text, args := s.among(s.some, args)
	return each(ctx, s.own, func(rows *sql.Rows) error {
		var r row
		err := r.scan(rows)
		for _, j := range byID[r.id] {
			j.record, j.expires = r.record, r.expires
		}
		return err
	}, text, args)
}

// among ends a statement about rows with some IDs. Few numbers of IDs make few
// statements: the last one fills the others.
func (s *statements) among(text string, ids []any) (string, []any) {
	if s.any != "" {
		return text + s.any, []any{array(ids)}
	}
	for len(ids)&(len(ids)-1) != 0 {
		ids = append(ids, ids[len(ids)-1])
	}
	return text + "IN (" + list("?", len(ids)) + ")", ids
}

// writing returns the kind of jobs that write rows.
func (s *statements) writing(alone, group string, order func(args []any) []any) kind {
	group = s.text(s.rows + group + " RETURNING revision")
	return kind{
		alone: func(ctx context.Context, j *job) (err error) {
			j.n, err = execute(ctx, s.own, alone, order(j.args))
			return err
		},
		group: func(ctx context.Context, jobs []*job) error {
			byRevision := make(map[int64]*job, len(jobs))
			for _, j := range jobs {
				byRevision[j.args[2].(int64)] = j
			}
			return each(ctx, s.own, func(rows *sql.Rows) error {
				var rev int64
				err := rows.Scan(&rev)
				if j := byRevision[rev]; j != nil {
					j.n = 1
				}
				return err
			}, group, columnsOf(jobs))
		},
	}
}

// columnsOf returns the arguments of a statement about a group of rows.
func columnsOf(jobs []*job) (args []any) {
	var records []byte
	at, lengths := make([]any, len(jobs)), make([]any, len(jobs))
	for i, j := range jobs {
		at[i], lengths[i] = int64(len(records)+1), int64(len(j.record))
		records = append(records, j.record...)
	}
	column := make([]any, len(jobs))
	for c := range 7 {
		for i, j := range jobs {
			column[i] = j.args[c]
		}
		args = append(args, array(column))
	}
	return append(args, array(at), records, array(lengths))
}

// array returns PostgreSQL's text of an array of numbers, bytes or NULL. All drivers
// can send a text.
func array(values []any) string {
	b := append(make([]byte, 0, 40*len(values)), '{')
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		switch v := v.(type) {
		case int64:
			b = strconv.AppendInt(b, v, 10)
		case []byte:
			b = append(b, `"\\x`...)
			b = hex.AppendEncode(b, v)
			b = append(b, '"')
		default:
			b = append(b, "NULL"...)
		}
	}
	return string(append(b, '}'))
}
