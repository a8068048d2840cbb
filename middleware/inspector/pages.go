package inspector

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
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
	"bytes": size,
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
		rows = append(rows, rowOf(&rec))
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
	data := map[string]any{"Row": rowOf(&rec), "ShowValues": p.options.ShowValues}
	if p.options.ShowValues && r.FormValue("value") != "" {
		data["Value"] = text(&rec.Value)
	}
	show(w, http.StatusOK, "session", data)
}

// end ends one session. One that has ended meanwhile is no failure.
func (p *pages[T]) end(w http.ResponseWriter, r *http.Request) {
	id, err := session.ParseID(r.PostFormValue("id"))
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
	if owner == "" || r.PostFormValue("sure") == "" {
		show(w, http.StatusUnprocessableEntity, "problem", "Nothing was ended: the box “I am sure” was not ticked.")
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
