package move

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
)

// Options say what Run does.
type Options struct {
	Dir      string   // the program's folder
	Patterns []string // its packages
	Type     string   // the name of the session's type; "Visit" if empty
}

// A library is a library of sessions from which programs are moved.
type library struct {
	name    string
	path    string // of its package
	guide   string
	renews  bool // it has a call that renews the token
	manager bool // it has a manager, whose place the new one takes
}

// Sections of the guides.
const (
	guideDeclare = "1. Declare the session"
	guideManager = "2. Make the manager"
	guideChange  = "3. Change the handlers"
	guideTests   = "4. Let the tests in"
	guideMove    = "5. Let the visitors in"
)

// A mover moves one program.
type mover struct {
	p        *program
	old      library
	keys     *keyTable
	sites    []*site
	unknown  []*site // calls without a counterpart
	seeds    []*site // tests that make a session
	touched  []*file
	home     home
	ownerKey *key
	logIns   map[*site]bool
	names    map[ast.Node]map[string]bool
	renamed  map[ast.Node]bool
	seeded   map[string]*file // test packages that need a helper
	fieldFns map[string]*helper
	created  map[string]string // new files
	left     []Item
	notes    []Item
	need     struct{ orNil, anySlice, sql, redis, errorFunc, seedOld bool }
	count    struct{ rewritten int }

	// For gorilla/sessions and its kin.
	getters    []getter
	mounts     []mount
	stores     []*types.Var // variables of packages that hold the old store
	oldNames   []string     // of the old sessions
	oldPlaces  []place      // where browsers keep their cookies, as far as the code says it
	gin        bool
	echo       string // echo's path
	storeLeft  bool
	testStores map[string]string
	nameOf     map[string]string // the name of the session that a variable holds
}

// An Item is a place that needs a look.
type Item struct {
	Pos   token.Position
	Code  string
	Why   string
	Guide string // a section of the guide
}

func (m *mover) item(f *file, n ast.Node, why, guide string) Item {
	code := f.sourceOf(m.p.fset, n)
	if r := []rune(code); len(r) > 60 {
		code = string(r[:60]) + "…"
	}
	pos := m.p.fset.Position(n.Pos())
	if rel, err := filepath.Rel(m.p.dir, pos.Filename); err == nil {
		pos.Filename = rel
	}
	return Item{pos, code, why, guide}
}

// leave lists code that is left as it is.
func (m *mover) leave(f *file, n ast.Node, why, guide string) {
	m.left = append(m.left, m.item(f, n, why, guide))
}

// note lists code that was rewritten and deserves a look.
func (m *mover) note(f *file, n ast.Node, why, guide string) {
	m.notes = append(m.notes, m.item(f, n, why, guide))
}

func (m *mover) touch(f *file) {
	if !slices.Contains(m.touched, f) {
		m.touched = append(m.touched, f)
	}
}

func dirOf(name string) string { return filepath.Dir(name) }

// Run reads the program and returns the changes to make. It writes nothing.
func Run(o *Options) (*Result, error) {
	p, err := load(o.Dir, o.Patterns...)
	if err != nil {
		return nil, err
	}
	typ := o.Type
	if typ == "" {
		typ = "Visit"
	}
	m := &mover{
		p: p, keys: newKeyTable(p), logIns: map[*site]bool{}, names: map[ast.Node]map[string]bool{},
		renamed: map[ast.Node]bool{}, seeded: map[string]*file{}, fieldFns: map[string]*helper{}, created: map[string]string{}, testStores: map[string]string{}, nameOf: map[string]string{},
	}
	rewriteOld := m.find()
	if rewriteOld == nil {
		return nil, fmt.Errorf("no use of %s, %s, gin-contrib/sessions or echo-contrib/session was found", "alexedwards/scs", "gorilla/sessions")
	}
	m.resolve()
	m.decide()
	if err := m.choose(typ); err != nil {
		return nil, err
	}
	m.ownerKey = m.owner()
	m.rewrite()
	rewriteOld(m)
	m.staleReads()
	m.generate()
	return m.result()
}

// find finds the library and its uses in the program. It returns the function that
// rewrites the library's manager.
func (m *mover) find() func(*mover) {
	findSCS(m)
	if len(m.touched) > 0 {
		return rewriteSCS
	}
	findGorilla(m)
	if len(m.touched) > 0 {
		return rewriteGorilla
	}
	return nil
}

// resolve finds the key of each site, and the types of the keys.
func (m *mover) resolve() {
	for more := true; more; {
		more = false
		for _, s := range m.sites {
			if s.keyExpr == nil && s.defaultKey != "" {
				s.key = m.keys.of(s.defaultKey)
				continue
			}
			if s.keyExpr == nil || s.key != nil || s.helper != nil {
				continue
			}
			name, h, ok := m.keys.name(s.f, s.keyExpr)
			switch {
			case ok && h != nil:
				s.helper = h
			case ok:
				s.key = m.keys.of(name)
			default:
				more = m.keys.takesKey(s.f, s.decl(), s.keyExpr) || more
			}
		}
	}
	m.keys.callers()
	m.keys.callers() // helpers that call helpers
	for _, s := range m.sites {
		if s.helper != nil && !s.helper.unbound && s.helper.typ == nil {
			s.helper.typ = m.siteType(s)
		}
	}
	for _, s := range m.sites {
		switch {
		case s.key != nil:
			m.use(s.key, s, m.siteType(s))
		case s.helper != nil && !s.helper.unbound:
			for _, name := range s.helper.keys {
				m.use(m.keys.of(name), s, s.helper.typ)
			}
		}
	}
}

func (m *mover) use(k *key, s *site, t types.Type) {
	if k.first.Filename == "" || strings.HasSuffix(k.first.Filename, "_test.go") && !s.f.isTest() {
		k.first = m.item(s.f, s.node, "", "").Pos
	}
	k.uses[s.op]++
	if name := m.nameOf[s.variable]; name != "" && s.variable != "" {
		k.names[name] = true
	}
	if s.keyExpr != nil && s.key == k {
		if t := s.f.pkg.TypesInfo.TypeOf(s.keyExpr); t != nil && !types.Identical(types.Default(t), types.Typ[types.String]) {
			k.code = s.f.sourceOf(m.p.fset, s.keyExpr)
		}
	}
	if s.op == opAddFlash || s.op == opFlashes {
		k.flash = true
		if t != nil {
			t = types.NewSlice(types.Default(t))
		}
	}
	if isLiteral(s.value) {
		k.literals = append(k.literals, t)
		return
	}
	k.evidence(t)
}

// isLiteral reports whether the value is a literal, which takes the type that other
// values of the key have.
func isLiteral(e ast.Expr) bool {
	if u, ok := e.(*ast.UnaryExpr); ok {
		e = u.X
	}
	lit, ok := e.(*ast.BasicLit)
	return ok && (lit.Kind == token.INT || lit.Kind == token.FLOAT)
}

// siteType returns the type of the value that a site puts or reads, or nil.
func (m *mover) siteType(s *site) types.Type {
	info := s.f.pkg.TypesInfo
	switch {
	case s.value != nil:
		t := info.TypeOf(s.value)
		if b, ok := t.(*types.Basic); ok && b.Kind() == types.UntypedNil {
			return nil
		}
		if t != nil && types.IsInterface(t) {
			return nil
		}
		return t
	case s.typ != nil:
		return s.typ
	}
	if a, ok := s.parent().(*ast.TypeAssertExpr); ok && a.Type != nil && s.op != opFlashes {
		return info.TypeOf(a.Type)
	}
	return nil
}

// staleReads notes changes that are computed from a value that was read before.
func (m *mover) staleReads() {
	for _, s := range m.sites {
		if s.op != opPut || s.key == nil || s.key.left != "" {
			continue
		}
		used := map[types.Object]bool{}
		ast.Inspect(s.value, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				used[s.f.pkg.TypesInfo.Uses[id]] = true
			}
			return true
		})
		for _, read := range m.sites {
			if read.op == opGet && read.key == s.key && read.f == s.f && read.fun() == s.fun() && read.node.Pos() < s.node.Pos() && m.feeds(read, used) {
				m.note(s.f, s.node, "the value is computed from one that was read before: if requests overlap, one change is lost; compute it within Update", guideChange)
			}
		}
	}
}

// feeds reports whether the read's value goes into any of the variables.
func (m *mover) feeds(read *site, used map[types.Object]bool) bool {
	for _, n := range slices.Backward(read.path) {
		if assign, ok := n.(*ast.AssignStmt); ok {
			for _, lhs := range assign.Lhs {
				if id, ok := lhs.(*ast.Ident); ok && id.Name != "_" && used[read.f.pkg.TypesInfo.ObjectOf(id)] {
					return true
				}
			}
			return false
		}
	}
	return false
}
