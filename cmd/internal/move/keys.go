package move

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"unicode"
)

// A key is a name under which sessions hold a value, and becomes a field.
type key struct {
	name  string // as the old library knows it
	field string
	typ   types.Type // nil while unknown
	uses  map[op]int
	code  string // the key's code, if it is not a string
	left  string // why the key stays with the old library, or empty
	first token.Position
	flash bool            // the old library kept a list of values
	names map[string]bool // of the old sessions that have the key, as far as known

	evident  map[string]types.Type
	literals []types.Type // of values that are literals
}

// An op is a program's use of a session.
type op int

const (
	opGet op = iota
	opPut
	opPop
	opExists
	opRemove
	opAddFlash
	opFlashes
	opRenew
	opClear
	opDestroy
	opSave
	opRemember
	opDeadline
	opSetDeadline
	opOptions // of the cookie
	opIsNew
	opID
)

// keyTable finds the keys that expressions stand for.
type keyTable struct {
	p       *program
	vars    map[string]string    // variables that hold a key, by declaration
	helpers map[string]*helper   // functions that take a key, by declaration of the parameter
	byFunc  map[string][]*helper // the same, by the function's full name
	keys    map[string]*key
}

// A helper is a function that takes a key.
type helper struct {
	fn      string // full name
	param   int
	keys    []string
	unbound bool // it is called with keys that are not known
	typ     types.Type
}

func newKeyTable(p *program) *keyTable {
	t := &keyTable{p: p, vars: map[string]string{}, helpers: map[string]*helper{}, byFunc: map[string][]*helper{}, keys: map[string]*key{}}
	assigned := map[string]int{}
	p.each(func(f *file) {
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				for i, id := range n.Names {
					if i < len(n.Values) {
						t.define(f, id, n.Values[i])
					}
				}
			case *ast.AssignStmt:
				for i, lhs := range n.Lhs {
					id, ok := lhs.(*ast.Ident)
					if !ok {
						continue
					}
					if n.Tok == token.DEFINE && len(n.Lhs) == len(n.Rhs) {
						t.define(f, id, n.Rhs[i])
					} else {
						assigned[declared(p.fset, f.pkg.TypesInfo.ObjectOf(id))]++
					}
				}
			}
			return true
		})
	})
	for name := range assigned {
		delete(t.vars, name)
	}
	return t
}

func (t *keyTable) define(f *file, id *ast.Ident, value ast.Expr) {
	if _, ok := f.pkg.TypesInfo.Defs[id].(*types.Var); !ok {
		return
	}
	if name, ok := constantKey(f.pkg.TypesInfo, value); ok {
		t.vars[declared(t.p.fset, f.pkg.TypesInfo.Defs[id])] = name
	}
}

// constantKey returns the key that a constant expression is.
func constantKey(info *types.Info, e ast.Expr) (string, bool) {
	tv := info.Types[e]
	if tv.Value != nil {
		if tv.Value.Kind() == constant.String {
			return constant.StringVal(tv.Value), true
		}
		if id := lastIdent(e); id != nil { // an iota: the constant's name is all there is
			return id.Name, true
		}
		return "", false
	}
	if lit, ok := ast.Unparen(e).(*ast.CompositeLit); ok && len(lit.Elts) == 0 { // userKey{}
		if id := lastIdent(lit.Type); id != nil {
			return id.Name, true
		}
	}
	return "", false
}

func lastIdent(e ast.Expr) *ast.Ident {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		return e
	case *ast.SelectorExpr:
		return e.Sel
	}
	return nil
}

// name returns the key that an expression stands for, or the helper whose parameter
// it is.
func (t *keyTable) name(f *file, e ast.Expr) (string, *helper, bool) {
	if name, ok := constantKey(f.pkg.TypesInfo, e); ok {
		return name, nil, true
	}
	if call, ok := ast.Unparen(e).(*ast.CallExpr); ok && len(call.Args) == 1 && f.pkg.TypesInfo.Types[call.Fun].IsType() {
		return t.name(f, call.Args[0]) // string(key)
	}
	id := lastIdent(e)
	if id == nil {
		return "", nil, false
	}
	at := declared(t.p.fset, f.pkg.TypesInfo.Uses[id])
	if name, ok := t.vars[at]; ok {
		return name, nil, true
	}
	if h := t.helpers[at]; h != nil {
		return "", h, true
	}
	return "", nil, false
}

// takesKey notes that the expression, if it is a parameter of the function around,
// is a key.
func (t *keyTable) takesKey(f *file, fn *ast.FuncDecl, e ast.Expr) bool {
	id := lastIdent(e)
	if id == nil || fn == nil {
		return false
	}
	obj := f.pkg.TypesInfo.Uses[id]
	at := declared(t.p.fset, obj)
	def, ok := f.pkg.TypesInfo.Defs[fn.Name].(*types.Func)
	if !ok || t.helpers[at] != nil {
		return false
	}
	params := def.Signature().Params()
	for i := range params.Len() {
		if params.At(i) == obj && !(def.Signature().Variadic() && i == params.Len()-1) {
			h := &helper{fn: def.FullName(), param: i}
			t.helpers[at] = h
			t.byFunc[h.fn] = append(t.byFunc[h.fn], h)
			return true
		}
	}
	return false
}

// callers finds the keys that helpers are called with.
func (t *keyTable) callers() {
	t.p.each(func(f *file) {
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			fn := calledFunc(f.pkg.TypesInfo, call)
			if fn == nil {
				return true
			}
			for _, h := range t.byFunc[fn.FullName()] {
				if h.param >= len(call.Args) {
					continue
				}
				name, outer, ok := t.name(f, call.Args[h.param])
				switch {
				case ok && outer == nil:
					if !slices.Contains(h.keys, name) {
						h.keys = append(h.keys, name)
					}
				case ok && outer != h: // a helper that calls a helper
					h.unbound = h.unbound || outer.unbound
					for _, name := range outer.keys {
						if !slices.Contains(h.keys, name) {
							h.keys = append(h.keys, name)
						}
					}
				case !ok:
					h.unbound = true
				}
			}
			return true
		})
	})
}

// of returns the key of that name.
func (t *keyTable) of(name string) *key {
	k := t.keys[name]
	if k == nil {
		k = &key{name: name, uses: map[op]int{}, evident: map[string]types.Type{}, names: map[string]bool{}}
		t.keys[name] = k
	}
	return k
}

// initialisms are written in capitals, as Go names are.
var initialisms = map[string]string{
	"id": "ID", "ids": "IDs", "url": "URL", "uri": "URI", "ip": "IP", "csrf": "CSRF", "api": "API", "uid": "UID", "uuid": "UUID",
	"html": "HTML", "json": "JSON", "http": "HTTP", "totp": "TOTP", "otp": "OTP", "mfa": "MFA", "sso": "SSO", "oauth": "OAuth",
	"db": "DB", "ui": "UI", "jwt": "JWT",
}

// fieldName makes the name of a field from the name of a key.
func fieldName(name string) string {
	var b strings.Builder
	for _, word := range words(name) {
		if upper, ok := initialisms[strings.ToLower(word)]; ok {
			b.WriteString(upper)
			continue
		}
		r := []rune(word)
		b.WriteRune(unicode.ToUpper(r[0]))
		b.WriteString(string(r[1:]))
	}
	field := b.String()
	if field == "" || !unicode.IsLetter([]rune(field)[0]) {
		field = "Key" + field
	}
	return field
}

// words splits a key: authenticatedUserID is authenticated, User, ID.
func words(name string) []string {
	var found []string
	for _, part := range strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		start, r := 0, []rune(part)
		for i := 1; i < len(r); i++ {
			if unicode.IsUpper(r[i]) && !unicode.IsUpper(r[i-1]) || i+1 < len(r) && unicode.IsUpper(r[i]) && unicode.IsLower(r[i+1]) && unicode.IsUpper(r[i-1]) {
				found, start = append(found, string(r[start:i])), i
			}
		}
		found = append(found, string(r[start:]))
	}
	return found
}
