package inspector

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

//go:embed pages.html style.css
var files embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"ago":   func(t time.Time) string { return period(time.Since(t)) + " ago" },
	"until": func(t time.Time) string { return "in " + period(time.Until(t)) },
	"iso":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"bytes": size, "number": number, "most": most,
	"short": func(id session.ID) string { return id.String()[:8] },
}).ParseFS(files, "pages.html"))

func style(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, files, "style.css") }

// pages are the handlers of the pages.
type pages[T any] struct {
	*Inspector[T]
	manager *middleware.Manager[T]
}

func (p *pages[T]) home(w http.ResponseWriter, r *http.Request) {
	show(w, http.StatusOK, "home", map[string]any{"Changes": p.history.latest(), "Counts": p.history.counts.Snapshot()})
}

func (p *pages[T]) survey(w http.ResponseWriter, r *http.Request) {
	s, err := p.takeSurvey(r.Context())
	if err != nil {
		fail(w, err)
		return
	}
	show(w, http.StatusOK, "survey", s)
}

// find leads to the session with this ID, or to the owner of this name. If there is no
// such owner, it lists the owners whose names begin so.
func (p *pages[T]) find(w http.ResponseWriter, r *http.Request) {
	query := r.FormValue("q")
	to := "owner?" + url.Values{"name": {query}}.Encode()
	if id, err := session.ParseID(strings.TrimSpace(query)); err == nil {
		if _, err := p.manager.Record(r.Context(), id); !errors.Is(err, session.ErrNotFound) {
			to = "session?" + url.Values{"id": {id.String()}}.Encode()
		}
	}
	if strings.HasPrefix(to, "owner?") {
		if !p.hasSessions(r.Context(), query) {
			p.owners(w, r, query)
			return
		}
	}
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// hasSessions reports whether the owner has any, or whether that is not known.
func (p *pages[T]) hasSessions(ctx context.Context, owner string) bool {
	for range p.manager.ByOwner(ctx, owner) {
		return true
	}
	return false
}

// owners lists the owners whose names begin with the text, of at most MaxSurvey sessions.
func (p *pages[T]) owners(w http.ResponseWriter, r *http.Request, begin string) {
	count, seen, complete := map[string]int{}, 0, true
	for rec, err := range p.manager.All(r.Context()) {
		if seen == MaxSurvey {
			complete = false
			break
		}
		seen++
		if _, unreadable := errors.AsType[*session.DecodeError](err); unreadable {
			continue
		}
		if err != nil {
			fail(w, err)
			return
		}
		if rec.Owner != "" && strings.HasPrefix(rec.Owner, begin) {
			count[rec.Owner]++
		}
	}
	var all []owned
	for _, name := range slices.Sorted(maps.Keys(count)) {
		all = append(all, owned{name, count[name]})
	}
	all = all[:min(len(all), MaxOwned)]
	show(w, http.StatusOK, "found", map[string]any{"Query": begin, "Owners": all, "Seen": seen, "Complete": complete})
}

// owner lists the sessions of one owner, the latest log-in first.
func (p *pages[T]) owner(w http.ResponseWriter, r *http.Request) {
	name := r.FormValue("name")
	var rows []row
	more := false
	for rec, err := range p.manager.ByOwner(r.Context(), name) {
		if more = len(rows) == MaxOwned; more {
			break
		}
		if unreadable, ok := errors.AsType[*session.DecodeError](err); ok {
			rows = append(rows, row{ID: unreadable.ID, Unreadable: true})
			continue
		}
		if err != nil {
			fail(w, err)
			return
		}
		rows = append(rows, p.rowOf(&rec))
	}
	slices.SortFunc(rows, func(a, b row) int { return b.LoggedIn.Compare(a.LoggedIn) })
	show(w, http.StatusOK, "owner", map[string]any{"Owner": name, "Rows": rows, "More": more, "Ended": r.FormValue("ended")})
}

// session shows one session, and its value if that is asked for.
func (p *pages[T]) session(w http.ResponseWriter, r *http.Request) {
	id, err := session.ParseID(r.FormValue("id"))
	if err != nil {
		fail(w, err)
		return
	}
	rec, err := p.manager.Record(r.Context(), id)
	if _, unreadable := errors.AsType[*session.DecodeError](err); unreadable {
		show(w, http.StatusOK, "session", map[string]any{"Row": row{ID: id, Unreadable: true}, "Problem": err.Error()})
		return
	}
	if err != nil {
		fail(w, err)
		return
	}
	data := map[string]any{"Row": p.rowOf(&rec), "ShowValues": p.options.ShowValues}
	if p.options.ShowValues && r.FormValue("value") != "" {
		data["Value"] = text(&rec.Value)
	}
	show(w, http.StatusOK, "session", data)
}

// end ends one session. It is not a failure if the session has ended already.
func (p *pages[T]) end(w http.ResponseWriter, r *http.Request) {
	id, err := session.ParseID(r.PostFormValue("id"))
	if err == nil && r.PostFormValue("sure") == "" {
		show(w, http.StatusOK, "confirm", map[string]any{"Action": "end", "ID": id.String(), "Owner": r.PostFormValue("owner")})
		return
	}
	if err == nil {
		err = p.manager.End(r.Context(), id, session.ReasonOperator)
	}
	ended := "1"
	if errors.Is(err, session.ErrNotFound) {
		ended = "0"
	} else if err != nil {
		fail(w, err)
		return
	}
	afterwards(w, r.PostFormValue("owner"), ended)
}

// endOwner ends all sessions of an owner.
func (p *pages[T]) endOwner(w http.ResponseWriter, r *http.Request) {
	owner := r.PostFormValue("owner")
	if owner == "" {
		show(w, http.StatusUnprocessableEntity, "problem", "Nothing was ended: no owner was named.")
		return
	}
	if r.PostFormValue("sure") == "" {
		show(w, http.StatusOK, "confirm", map[string]any{"Action": "end-owner", "ID": "", "Owner": owner})
		return
	}
	n, err := p.manager.RevokeAll(r.Context(), owner, session.ReasonRevoked)
	if err != nil {
		fail(w, err)
		return
	}
	afterwards(w, owner, strconv.Itoa(n))
}

// afterwards leads to the owner's page, or to the first one if there is no owner.
// The location is relative to the request's, which the handler does not know whole.
func afterwards(w http.ResponseWriter, owner, ended string) {
	to := "./"
	if owner != "" {
		to = "owner?" + url.Values{"name": {owner}, "ended": {ended}}.Encode()
	}
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// fail says why there is no page.
func fail(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, session.ErrNotFound):
		show(w, http.StatusNotFound, "problem", "There is no such session. It may have ended.")
	case errors.Is(err, session.ErrUnsupported):
		show(w, http.StatusNotImplemented, "problem", "The store or the type cannot do this: "+err.Error())
	default:
		show(w, middleware.Status(err), "problem", "The store did not answer: "+err.Error())
	}
}

// show renders a page whole before it sends the first byte.
func show(w http.ResponseWriter, status int, page string, data any) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, page, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(b.Bytes())
}
