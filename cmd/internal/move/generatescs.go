package move

// managerCode writes the manager that takes the place of scs's.
func (m *mover) managerCode(s *source, n names) {
	s.use("cmp")
	s.use("time")
	s.f.imports[m.old.path] = "scs"
	s.add(`// {{.Handle}} gives requests their sessions. Old is the manager that it replaces:
// it reads the sessions that visitors still have from before.
type {{.Handle}} struct {
	*sessions.Manager[{{.Type}}]
	Old *scs.SessionManager
}

// {{.New}} returns a manager with the settings of the old one. It panics if a
// setting is wrong, since the program cannot start then.
func {{.New}}(old *scs.SessionManager, store sessions.Store[{{.Type}}]) *{{.Handle}} {
	cookie := old.Cookie.Name // with Secure, browsers see it as __Host- or __Secure- and this name
	if !old.Cookie.Secure {
		cookie += "_id" // the old cookie has the plain name
	}
	lifetime := min(old.Lifetime, 400*24*time.Hour) // as long as browsers keep cookies
	manager, err := sessions.New(store, &sessions.Options{
		Lifetime:    lifetime,
		IdleTimeout: cmp.Or(old.IdleTimeout, -1), // negative: none
		Remember:    sessions.Remember{Lifetime: lifetime, IdleTimeout: old.IdleTimeout, All: old.Cookie.Persist},
		Cookie: sessions.Cookie{
			Name:           cookie,
			Domain:         old.Cookie.Domain,
			Path:           old.Cookie.Path,
			SameSite:       old.Cookie.SameSite,
{{- if .Partitioned}}
			Partitioned:    old.Cookie.Partitioned,
{{- end}}
			Insecure:       !old.Cookie.Secure, // as before; better set Secure wherever there is TLS
		},
{{- if .ErrorFunc}}
		ErrorHandler: old.ErrorFunc,
{{- end}}
	})
	if err != nil {
		panic(err)
	}
	return &{{.Handle}}{Manager: manager, Old: old}
}

// Handler gives the requests of next their sessions.
func (m *{{.Handle}}) Handler(next http.Handler) http.Handler {
{{- if .Left}}
	// Some code still uses the old sessions. When none does, let the visitors in by
	// m.moveOld(next) instead:
	next = m.Old.LoadAndSave(next)
	handler := m.Manager.Handler(m.load(next))
{{- else}}
	handler := m.Manager.Handler(m.load(m.moveOld(next)))
{{- end}}
{{- if .Seeds}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Context().Value({{.Seeded}}{}) != nil {
			next.ServeHTTP(w, r)
			return
		}
		handler.ServeHTTP(w, r)
	})
{{- else}}
	return handler
{{- end}}
}
{{- if .Seeds}}

// {{.Seeded}} is the key of contexts into which a test has put a session.
type {{.Seeded}} struct{}
{{- end}}
`, n)
	loadCode(s, n)
}

// moveFile is the mover of old sessions, as the guide describes it.
func (m *mover) moveFile() string {
	if !m.old.manager {
		return m.gorillaMoveFile()
	}
	s := m.newSource(m.home.name, m.home.path)
	n := m.templateNames()
	for _, path := range []string{"context", "fmt", "net/http", libraryPath} {
		s.use(path)
	}
	s.add(`// moveOld lets in visitors who still have a session of scs: they get a session with the
// same data and the same absolute end, and the old one is ended. One lifetime after
// the last server of the old version has stopped, remove this file, and scs.
func (m *{{.Handle}}) moveOld(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie(m.Old.Cookie.Name)
		if err != nil || cookie.Value == "" {
			next.ServeHTTP(w, r)
			return
		}
		if err := m.moveSession(r.Context(), cookie.Value, {{.Of}}(r.Context())); err != nil {
			sessions.Fail[{{.Type}}](w, r, err)
			return
		}
		http.SetCookie(w, &http.Cookie{ // the browser may forget the old one
			Name: m.Old.Cookie.Name, Path: m.Old.Cookie.Path, Domain: m.Old.Cookie.Domain, MaxAge: -1,
		})
		next.ServeHTTP(w, r)
	})
}

func (m *{{.Handle}}) moveSession(ctx context.Context, token string, session *sessions.Session[{{.Type}}]) error {
	ctx, err := m.Old.Load(ctx, token)
	if err != nil {
		return fmt.Errorf("%w: %w", sessions.ErrUnavailable, err)
	}
	if len(m.Old.Keys(ctx)) > 0 && session.IsNew() && !session.Gone() {
		session.LogIn(func({{.Param}} *{{.Type}}) { m.fill(ctx, {{.Param}}) })
{{- if .Deadline}}
		session.SetDeadline(m.Old.Deadline(ctx))
{{- end}}
		if err := session.Commit(ctx); err != nil {
			return err
		}
	}
	if err := m.Old.Destroy(ctx); err != nil {
		return fmt.Errorf("%w: %w", sessions.ErrUnavailable, err)
	}
	return nil
}

// fill reads an old session.
func (m *{{.Handle}}) fill(ctx context.Context, {{.Param}} *{{.Type}}) {
{{- range .Fields}}
	{{$.Param}}.{{.Field}}, _ = m.Old.Get(ctx, {{quote .Name}}).({{type .Type}})
{{- end}}
}
`, n)
	return s.text()
}
