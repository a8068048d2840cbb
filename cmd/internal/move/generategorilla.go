package move

import "slices"

// gorillaManagerCode writes the manager for programs that had only a store.
func (m *mover) gorillaManagerCode(s *source, n names) {
	s.use("cmp")
	s.use("time")
	s.f.imports[gorillaPath] = "gorilla"
	s.add(`// oldCookies are the cookies of the sessions of gorilla/sessions, beside those with the
// store's Path and Domain. They must have the Path and Domain with which the program set
// them: browsers keep a cookie that is cleared with others.
var oldCookies = []http.Cookie{
{{- range .OldCookies}}
	{Name: {{quote .Name}}{{with .Path}}, Path: {{quote .}}{{end}}{{with .Domain}}, Domain: {{quote .}}{{end}}},
{{- end}}
}

// {{.Handle}} gives requests their sessions. Old is the store that visitors still have
// sessions in from before.
type {{.Handle}} struct {
	*sessions.Manager[{{.Type}}]
	Old gorilla.Store
}

// {{.New}} returns a manager with the cookie's settings of the old store. It panics
// if a setting is wrong, since the program cannot start then.
func {{.New}}(old gorilla.Store, store sessions.Store[{{.Type}}]) *{{.Handle}} {
	session, _ := old.New(&http.Request{Header: http.Header{}}, oldCookies[0].Name) // a new one, with the store's options
	o := gorilla.Options{}
	if session != nil && session.Options != nil {
		o = *session.Options
	}
	name := oldCookies[0].Name // with Secure, browsers see it as __Host- or __Secure- and this name
	if !o.Secure {
		name += "_id" // the old cookie has the plain name
	}
	const day = 24 * time.Hour
	lifetime := min(time.Duration(cmp.Or(max(o.MaxAge, 0), 30*86400))*time.Second, 400*day) // as long as browsers keep cookies
	manager, err := sessions.New(store, &sessions.Options{
		Lifetime:    lifetime,
		IdleTimeout: -1, // none, as before
		Remember:    sessions.Remember{Lifetime: lifetime, All: o.MaxAge > 0},
		Cookie: sessions.Cookie{
			Name:           name,
			Domain:         o.Domain,
			Path:           o.Path,
			SameSite:       o.SameSite,
{{- if .Partitioned}}
			Partitioned:    o.Partitioned,
{{- end}}
			Insecure:       !o.Secure, // as before; better set Secure wherever there is TLS
		},
	})
	if err != nil {
		panic(err)
	}
	return &{{.Handle}}{Manager: manager, Old: old}
}

// Handler gives the requests of next their sessions.
func (m *{{.Handle}}) Handler(next http.Handler) http.Handler {
	return m.Manager.Handler(m.load(m.moveOld(next)))
}
`, n)
	loadCode(s, n)
	if m.gin {
		m.ginCode(s, n)
	}
}

// ginCode writes the middleware for gin.
func (m *mover) ginCode(s *source, n names) {
	s.use("github.com/gin-gonic/gin")
	s.use("bufio")
	s.use("net")
	s.add(`
// Gin is Handler as a middleware of gin.
func (m *{{.Handle}}) Gin() gin.HandlerFunc {
	return func(c *gin.Context) {
		writer, called := c.Writer, false
		m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			called = true
			c.Writer, c.Request = &ginWriter{ResponseWriter: writer, out: w, status: http.StatusOK}, r
			c.Next()
			c.Writer.WriteHeaderNow()
		})).ServeHTTP(writer, c.Request)
		c.Writer = writer
		if !called {
			c.Abort()
		}
	}
}

// A ginWriter writes through the session's response, which saves the session before
// the first byte.
type ginWriter struct {
	gin.ResponseWriter
	out    http.ResponseWriter
	status int
	sent   bool
}

func (w *ginWriter) Header() http.Header { return w.out.Header() }
func (w *ginWriter) WriteHeader(status int) { // gin sends it with the first byte
	if status > 0 && !w.sent {
		w.status = status
	}
}
func (w *ginWriter) WriteHeaderNow() {
	if !w.sent {
		w.sent = true
		w.out.WriteHeader(w.status)
	}
}
func (w *ginWriter) Write(b []byte) (int, error) {
	w.WriteHeaderNow()
	return w.out.Write(b)
}
func (w *ginWriter) WriteString(s string) (int, error) { return w.Write([]byte(s)) }
func (w *ginWriter) Status() int                       { return w.status }
func (w *ginWriter) Written() bool                     { return w.sent }
func (w *ginWriter) Unwrap() http.ResponseWriter       { return w.out }
func (w *ginWriter) Flush() {
	w.WriteHeaderNow()
	http.NewResponseController(w.out).Flush()
}
func (w *ginWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.sent = true
	return http.NewResponseController(w.out).Hijack()
}
`, n)
}

// gorillaMoveFile is the mover of old sessions, as the guide describes it.
func (m *mover) gorillaMoveFile() string {
	s := m.newSource(m.home.name, m.home.path)
	n := m.templateNames()
	n.Fields = slices.DeleteFunc(n.Fields, func(k *key) bool { return k.code != "" && !m.home.private })
	for _, path := range []string{"errors", "fmt", "log/slog", "net/http", "slices", "sync", libraryPath, "github.com/gorilla/securecookie"} {
		s.use(path)
	}
	s.f.imports[gorillaPath] = "gorilla"
	s.add(`// moveOld lets in visitors who still have sessions of gorilla/sessions: they get a session
// with the same data, and the old ones are ended. One MaxAge after the last server of
// the old version has stopped, remove this file, and gorilla/sessions.
func (m *{{.Handle}}) moveOld(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := m.moveSessions(w, r, {{.Of}}(r.Context())); err != nil {
			sessions.Fail[{{.Type}}](w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (m *{{.Handle}}) moveSessions(w http.ResponseWriter, r *http.Request, session *sessions.Session[{{.Type}}]) error {
	var found []*gorilla.Session
	moved := false
	for i, c := range oldCookies {
		if _, err := r.Cookie(c.Name); err != nil || slices.ContainsFunc(oldCookies[:i], func(o http.Cookie) bool { return o.Name == c.Name }) {
			continue
		}
		if _, err := r.Cookie(c.Name + "_moved"); err == nil {
			moved = true
		}
		old, err := m.Old.New(r, c.Name)
		var invalid securecookie.Error
		if err != nil && !(errors.As(err, &invalid) && invalid.IsDecode()) {
			return fmt.Errorf("%w: %w", sessions.ErrUnavailable, err)
		}
		found = append(found, old)
	}
	isOld := slices.ContainsFunc(found, func(old *gorilla.Session) bool { return !old.IsNew })
	if moved {
		cameBack(r)
	} else if isOld && session.IsNew() && !session.Gone() {
		session.LogIn(func({{.Param}} *{{.Type}}) { fill({{.Param}}, found) })
		if err := session.Commit(r.Context()); err != nil {
			return err
		}
	}
	for _, old := range found {
		if err := m.endOld(w, r, old); err != nil {
			return fmt.Errorf("%w: %w", sessions.ErrUnavailable, err)
		}
	}
	return nil
}

// cameBack warns once that a browser has sent an old cookie that was cleared. Such a
// cookie does not log anyone in again.
func cameBack(r *http.Request) {
	warnCameBack.Do(func() {
		slog.WarnContext(r.Context(), "the cookie of an old session came back: its Path or Domain is missing in oldCookies")
	})
}

var warnCameBack sync.Once

// endOld clears the cookies of an old session; a store on the server also deletes the
// session. It marks the browser as moved, in case that an old cookie stays.
func (m *{{.Handle}}) endOld(w http.ResponseWriter, r *http.Request, old *gorilla.Session) error {
	old.Options.MaxAge = -1
	if err := m.Old.Save(r, w, old); err != nil {
		return err
	}
	mark := func(domain string) {
		o := *old.Options
		o.Path, o.Domain, o.MaxAge, o.HttpOnly = "/", domain, 400*86400, true
		http.SetCookie(w, gorilla.NewCookie(old.Name()+"_moved", "1", &o))
	}
	mark(old.Options.Domain)
	for _, c := range oldCookies {
		if c.Name != old.Name() {
			continue
		}
		o := *old.Options
		o.Path, o.Domain = c.Path, c.Domain
		http.SetCookie(w, gorilla.NewCookie(c.Name, "", &o))
		if c.Domain != old.Options.Domain {
			mark(c.Domain)
		}
	}
	return nil
}

// fill reads old sessions.
func fill({{.Param}} *{{.Type}}, found []*gorilla.Session) {
	for _, old := range found {
{{- range .Fields}}
{{- if .IsFlash}}
		if flashes, ok := old.Values[{{quote .Name}}].([]any); ok {
			for _, flash := range flashes {
				if flash, ok := flash.({{type .Elem}}); ok {
					{{$.Param}}.{{.Field}} = append({{$.Param}}.{{.Field}}, flash)
				}
			}
		}
{{- else}}
		if value, ok := old.Values[{{.Code}}].({{type .Type}}); ok {
			{{$.Param}}.{{.Field}} = value
		}
{{- end}}
{{- end}}
	}
}
`, n)
	return s.text()
}
