package move

import (
	"cmp"
	"fmt"
	"go/types"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
)

// fieldFunc returns the name of the function that finds a field by its key, for a
// helper's callers.
func (m *mover) fieldFunc(h *helper) string {
	name := lowerFirst(m.home.typ) + "Field"
	if !m.home.private {
		name = "Field"
	}
	for n, suffix := 1, ""; ; n++ {
		known := m.fieldFns[name+suffix]
		if known == nil || types.TypeString(known.typ, nil) == types.TypeString(h.typ, nil) {
			if known == nil {
				known = &helper{typ: h.typ}
				m.fieldFns[name+suffix] = known
			}
			for _, key := range h.keys {
				if !slices.Contains(known.keys, key) {
					known.keys = append(known.keys, key)
				}
			}
			return name + suffix
		}
		suffix = fmt.Sprint(n + 1)
	}
}

// generate writes the new files: the type and its manager, the mover of old
// sessions, the tests' helper.
func (m *mover) generate() {
	base := strings.ToLower(m.home.typ)
	m.created[filepath.Join(m.home.dir, base+".go")] = m.homeFile()
	m.created[filepath.Join(m.home.dir, base+"_move.go")] = m.moveFile()
	for _, f := range m.seeded {
		name := base + "_test.go"
		if strings.HasSuffix(f.syntax.Name.Name, "_test") {
			name = base + "_external_test.go"
		}
		m.created[filepath.Join(dirOf(f.name), name)] = m.testFile(f)
	}
}

// names are what templates call by name.
type names struct {
	Type, Handle, Of, New, Store, Param, Cookie string
	OrNil, AnySlice                             string
	Fields                                      []*key
	Owner                                       *key
	OwnerZero, OwnerText                        string
	Left                                        bool
	ErrorFunc, Partitioned, Deadline            bool
	Name                                        string
	Func                                        string
	FuncType                                    types.Type
	FuncKeys                                    []*key
	Library                                     library
	OldCookies                                  []http.Cookie
	TestStore                                   string
	SeedOld, Seeds                              bool
	Seeded                                      string
	Gin                                         bool
}

func (m *mover) templateNames() names {
	n := names{
		Type: m.home.typ, Handle: m.home.handle, Of: m.home.of, New: m.home.new, Store: m.storeName(),
		Param: strings.ToLower(m.home.typ[:1]), OrNil: m.exported("orNil"), AnySlice: m.exported("anySlice"),
		Fields: m.fields(), Owner: m.ownerKey, Left: len(m.left) > 0 && m.leftKeys(), ErrorFunc: m.need.errorFunc,
		Deadline:    m.libraryHas("SessionManager", "Deadline"),
		Partitioned: m.libraryHas("SessionCookie", "Partitioned") || m.libraryHas("Options", "Partitioned"),
		Name:        lowerFirst(m.home.typ), Library: m.old, OldCookies: m.oldCookies(), Gin: m.gin, SeedOld: m.need.seedOld,
		Seeds: len(m.seeded) > 0, Seeded: m.exported("seeded"),
	}
	return n
}

// libraryHas reports whether the old library's type has a field or a method: old
// versions lack some.
func (m *mover) libraryHas(name, field string) bool {
	for _, p := range m.p.pkgs {
		lib := p.Imports[m.old.path]
		if lib == nil || lib.Types == nil {
			continue
		}
		obj := lib.Types.Scope().Lookup(name)
		if obj == nil {
			return false
		}
		f, _, _ := types.LookupFieldOrMethod(obj.Type(), true, lib.Types, field)
		return f != nil
	}
	return false
}

// leftKeys reports whether handlers still use the old sessions.
func (m *mover) leftKeys() bool {
	return slices.ContainsFunc(m.left, func(i Item) bool { return i.Guide == guideDeclare || i.Guide == guideChange })
}

func (m *mover) homeFile() string {
	s := m.newSource(m.home.name, m.home.path)
	n := m.templateNames()
	if !m.home.private {
		s.doc = fmt.Sprintf("// Package %s holds the sessions of the program's visitors.\n", m.home.name)
	}
	s.use("net/http")
	s.use("context")
	s.use(libraryPath)
	if n.Owner != nil {
		n.OwnerZero, n.OwnerText = m.ownerTexts(s, n.Owner)
	}
	s.add(`// {{.Type}} is the value of a visitor's session.
type {{.Type}} struct {
{{- range .Fields}}
	{{.Field}} {{type .Type}}{{if ne .Field .Name}} // was {{quote .Name}}{{end}}
{{- end}}
}
{{with .Owner}}
// SessionOwner names the user whose session it is, so that a log-in renews the
// token, and all sessions of a user can be listed and ended.
func ({{$.Param}} {{$.Type}}) SessionOwner() string { {{$.OwnerZero}}return {{$.OwnerText}} }
{{end}}
`, n)
	if m.old.manager {
		m.managerCode(s, n)
	} else {
		m.gorillaManagerCode(s, n)
	}
	s.add(`
// {{.Of}} returns the session of the request that the context belongs to. It panics
// if the handler is not within the manager's, which is a mistake in the routes.
func {{.Of}}(ctx context.Context) *sessions.Session[{{.Type}}] {
	session, err := sessions.FromContext[{{.Type}}](ctx)
	if err != nil {
		panic(err)
	}
	return session
}
`, n)
	m.storeCode(s, n)
	m.helperCode(s, n)
	return s.text()
}

// IsFlash reports whether the old library kept a list of values.
func (k *key) IsFlash() bool { return k.flash }

// Elem returns the type of the values of a list.
func (k *key) Elem() types.Type { return k.typ.(*types.Slice).Elem() }

// Code returns the code of the key.
func (k *key) Code() string { return cmp.Or(k.code, fmt.Sprintf("%q", k.name)) }

func (k *key) Field() string    { return k.field }
func (k *key) Name() string     { return k.name }
func (k *key) Type() types.Type { return k.typ }

// ownerTexts returns the code that says that there is no owner, and the one that
// names the owner.
func (m *mover) ownerTexts(s *source, k *key) (zero, text string) {
	field := strings.ToLower(m.home.typ[:1]) + "." + k.field
	b, ok := k.typ.Underlying().(*types.Basic)
	switch {
	case ok && b.Info()&types.IsString != 0 && types.Identical(k.typ, types.Typ[types.String]):
		return "", field
	case ok && b.Info()&types.IsString != 0:
		return "", "string(" + field + ")"
	case ok && b.Kind() == types.Int && types.Identical(k.typ, types.Typ[types.Int]):
		s.use("strconv")
		return fmt.Sprintf("\n\tif %s == 0 {\n\t\treturn \"\"\n\t}\n\t", field), "strconv.Itoa(" + field + ")\n"
	case ok:
		s.use("fmt")
		return fmt.Sprintf("\n\tif %s == 0 {\n\t\treturn \"\"\n\t}\n\t", field), "fmt.Sprint(" + field + ")\n"
	}
	return fmt.Sprintf("\n\tif %s == *new(%s) {\n\t\treturn \"\"\n\t}\n\t", field, m.spell(s.f)(k.typ)), field + ".String()\n"
}

// loadCode writes the middleware that loads sessions.
func loadCode(s *source, n names) {
	s.add(`
// load loads each session before its handler runs, so that handlers have no error
// to handle.
func (m *{{.Handle}}) load(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := sessions.Get[{{.Type}}](r); err != nil {
			sessions.Fail[{{.Type}}](w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}
`, n)
}

// storeCode writes the function that makes the store.
func (m *mover) storeCode(s *source, n names) {
	if m.need.sql {
		for _, path := range []string{"database/sql", libraryPath + "/codec", libraryPath + "/stores/sqlstore"} {
			s.use(path)
		}
		s.add(`
// {{.Store}} returns the store for sessions in a database. It panics if the table
// cannot be made.
func {{.Store}}(db *sql.DB) sessions.Store[{{.Type}}] {
	store, err := sqlstore.New(db, "", codec.MessagePack[{{.Type}}](), &sqlstore.Options{
		Table:       "{{.Name}}_sessions", // the old table keeps its name until the last old session has ended
		CreateTable: true,
	})
	if err != nil {
		panic(err)
	}
	return store
}
`, n)
	}
	if m.need.redis {
		for _, path := range []string{libraryPath + "/codec", libraryPath + "/stores/redisstore"} {
			s.use(path)
		}
		s.f.imports["github.com/redis/go-redis/v9"] = "redis"
		s.add(`
// {{.Store}} returns the store for sessions in Redis.
func {{.Store}}(client redis.UniversalClient) sessions.Store[{{.Type}}] {
	store, err := redisstore.New(client, "{{.Name}}s", codec.MessagePack[{{.Type}}](), nil)
	if err != nil {
		panic(err)
	}
	return store
}
`, n)
	}
}

// helperCode writes the functions that rewritten code calls.
func (m *mover) helperCode(s *source, n names) {
	for _, name := range slices.Sorted(maps.Keys(m.fieldFns)) {
		h := m.fieldFns[name]
		n.Func, n.FuncType, n.FuncKeys = name, h.typ, nil
		for _, key := range h.keys {
			n.FuncKeys = append(n.FuncKeys, m.keys.of(key))
		}
		s.add(`
// {{.Func}} returns the field of a key.
func {{.Func}}({{.Param}} *{{.Type}}, key string) *{{type .FuncType}} {
	switch key {
{{- range .FuncKeys}}
	case {{quote .Name}}:
		return &{{$.Param}}.{{.Field}}
{{- end}}
	}
	panic("no session field for key " + key)
}

// {{.Func}}Of returns the value of a key.
func {{.Func}}Of(session *sessions.Session[{{.Type}}], key string) {{type .FuncType}} {
	{{.Param}} := session.Value()
	return *{{.Func}}(&{{.Param}}, key)
}
`, n)
	}
	if m.need.orNil {
		s.use("reflect")
		s.add(`
// {{.OrNil}} returns nil for a zero value, as for an absent key.
func {{.OrNil}}[T any](v T) any {
	if reflect.ValueOf(&v).Elem().IsZero() {
		return nil
	}
	return v
}
`, n)
	}
	if m.need.anySlice {
		s.add(`
// {{.AnySlice}} returns the elements as values of any type.
func {{.AnySlice}}[T any](vs []T) []any {
	var values []any
	for _, v := range vs {
		values = append(values, v)
	}
	return values
}
`, n)
	}
}

// testFile holds what tests share: a function that makes a session, a manager.
func (m *mover) testFile(f *file) string {
	s := m.newSource(f.syntax.Name.Name, f.pkg.PkgPath)
	n := m.templateNames()
	n.Type, n.New, n.Seeded = m.in(s.f, m.home.typ), m.in(s.f, m.home.new), m.in(s.f, n.Seeded)
	if store, ok := m.testStores[f.pkg.PkgPath+" "+f.syntax.Name.Name]; ok {
		n.TestStore = store
		s.use(libraryPath + "/stores/memstore")
		s.add(`// test{{.Name | title}}s is the manager that all tests share.
var test{{.Name | title}}s = {{.New}}({{.TestStore}}, memstore.New[{{.Type}}](nil))
`, n)
		return s.text()
	}
	for _, path := range []string{"context", "net/http/httptest", libraryPath + "/sessiontest"} {
		s.use(path)
	}
	s.add(`// {{.Name}}Context returns a context with a new session in it, which the manager's
// Handler leaves there.
func {{.Name}}Context(ctx context.Context{{if .SeedOld}}, err error{{end}}) (context.Context, error) {
{{- if .SeedOld}}
	if err != nil {
		return nil, err
	}
{{- end}}
	r, _, err := sessiontest.WithSession(httptest.NewRequestWithContext(ctx, "GET", "/", nil), {{.Type}}{})
	if err != nil {
		return nil, err
	}
	return context.WithValue(r.Context(), {{.Seeded}}{}, true), nil
}
`, n)
	return s.text()
}
