package move

import (
	"cmp"
	"fmt"
	"go/types"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed48429006/sessions/cmd/internal/storable"
)

// A home is the package that gets the session's type and the manager.
type home struct {
	path    string // import path
	name    string // package name
	dir     string
	pkg     *pkg // nil if it is new
	typ     string
	handle  string // the type that holds the manager
	of      string // the function that finds a request's session
	new     string // the function that makes the manager
	private bool   // only the package itself uses it
}

// choose decides where the session's type goes: into the only package that uses
// sessions, else into a new one.
func (m *mover) choose(typ string) error {
	using := map[string]*pkg{}
	for _, s := range m.sites {
		using[s.f.pkg.PkgPath] = s.f.pkg
	}
	for _, f := range m.touched {
		using[f.pkg.PkgPath] = f.pkg
	}
	if len(using) == 0 {
		return nil
	}
	h := &m.home
	if len(using) == 1 {
		for _, only := range using {
			h.pkg, h.path, h.name, h.private = only, only.PkgPath, only.Name, true
			h.dir = dirOf(only.files[0].name)
		}
	} else {
		dir := commonDir(using)
		h.name = strings.ToLower(typ) + "s"
		h.dir = filepath.Join(dir, "internal", h.name)
		rel, err := filepath.Rel(m.p.dir, h.dir)
		if err != nil {
			return err
		}
		h.path = m.p.module + "/" + filepath.ToSlash(rel)
		m.stayOutside(using)
	}
	h.typ = typ
	if h.private {
		for h.pkg.Types.Scope().Lookup(h.typ) != nil {
			h.typ += "Session"
		}
		lower := lowerFirst(h.typ)
		h.handle, h.of, h.new = lower+"Manager", lower+"Of", "new"+h.typ+"Manager"
		return nil
	}
	h.handle, h.of, h.new = "Manager", "Of", "NewManager"
	return nil
}

// commonDir returns the innermost folder around all packages, that is not internal.
func commonDir(using map[string]*pkg) string {
	common := ""
	for _, p := range using {
		dir := dirOf(p.files[0].name)
		if common == "" {
			common = dir
		}
		for common != dir && !strings.HasPrefix(dir, common+string(filepath.Separator)) {
			common = filepath.Dir(common)
		}
	}
	if filepath.Base(common) == "internal" {
		common = filepath.Dir(common)
	}
	return common
}

// stayOutside leaves keys whose type the new package cannot import.
func (m *mover) stayOutside(using map[string]*pkg) {
	for _, k := range m.keys.keys {
		if k.typ == nil || k.left != "" {
			continue
		}
		for _, p := range packagesOf(k.typ) {
			if p.Name() == "main" || m.reaches(p, using) {
				k.left = fmt.Sprintf("its type %s is of package %s, which uses sessions itself: move the type to a package of its own", types.TypeString(k.typ, (*types.Package).Name), p.Path())
			}
		}
	}
}

// reaches reports whether the package is, or imports, any of the others.
func (m *mover) reaches(p *types.Package, others map[string]*pkg) bool {
	seen := map[*types.Package]bool{}
	var walk func(*types.Package) bool
	walk = func(p *types.Package) bool {
		if seen[p] {
			return false
		}
		seen[p] = true
		return others[p.Path()] != nil || slices.ContainsFunc(p.Imports(), walk)
	}
	return walk(p)
}

// packagesOf returns the packages whose types occur in t.
func packagesOf(t types.Type) []*types.Package {
	var found []*types.Package
	types.TypeString(t, func(p *types.Package) string {
		found = append(found, p)
		return p.Name()
	})
	return found
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// decide gives each key its type and its field.
func (m *mover) decide() {
	fields := map[string]bool{"SessionOwner": true}
	for _, name := range slices.Sorted(maps.Keys(m.keys.keys)) {
		k := m.keys.keys[name]
		k.typ = k.decideType()
		if len(k.names) > 1 && !k.flash {
			k.left = "the sessions " + strings.Join(slices.Sorted(maps.Keys(k.names)), " and ") + " both have it: rename it in one of them"
		}
		if k.left == "" && k.typ == nil {
			k.left = "its type is not known: it is only read as any"
		}
		if k.left == "" {
			if problem := unstorable(k.typ); problem != "" {
				k.left = "its type " + types.TypeString(k.typ, (*types.Package).Name) + " cannot be kept: " + problem
			}
		}
		if k.left == "" {
			k.field = fieldName(name)
			for fields[k.field] {
				k.field += "2"
			}
			fields[k.field] = true
		}
	}
}

// decideType returns the one type that all uses of the key agree on.
func (k *key) decideType() types.Type {
	for _, t := range k.literals {
		if len(k.evident) != 1 || !k.isNumber() {
			k.evidence(t)
		}
	}
	names := slices.Sorted(maps.Keys(k.evident))
	if len(names) > 1 {
		k.left = "it holds values of several types: " + strings.Join(names, ", ")
		return nil
	}
	if len(names) == 0 {
		return nil
	}
	return k.evident[names[0]]
}

// isNumber reports whether the other values of the key are numbers.
func (k *key) isNumber() bool {
	for _, t := range k.evident {
		if b, ok := t.Underlying().(*types.Basic); !ok || b.Info()&types.IsNumeric == 0 {
			return false
		}
	}
	return true
}

// evidence notes a type of the key's values.
func (k *key) evidence(t types.Type) {
	if t == nil {
		return
	}
	t = types.Default(t)
	if b, ok := t.(*types.Basic); ok && b.Kind() == types.UntypedNil {
		return
	}
	if _, ok := t.Underlying().(*types.Interface); ok {
		return
	}
	k.evident[types.TypeString(t, nil)] = t
}

// unstorable says why sessions cannot keep the type, or returns "".
func unstorable(t types.Type) string {
	if n, ok := types.Unalias(t).(*types.Named); ok && !n.Obj().Exported() && n.Obj().Parent() != n.Obj().Pkg().Scope() {
		return "it is declared within a function"
	}
	if problems := storable.Check(t, "a value"); len(problems) > 0 {
		return problems[0]
	}
	return ""
}

// owner returns the key that names the user, or nil.
func (m *mover) owner() *key {
	rank := func(k *key) int {
		if k.left != "" || k.flash || k.uses[opPut] == 0 || !canOwn(k.typ) {
			return 0
		}
		name := strings.ToLower(strings.Join(words(k.name), ""))
		for i, part := range []string{"userid", "useruuid", "uid", "accountid", "memberid", "customerid", "adminid", "userkey", "username", "loginname", "user", "account", "email", "login"} {
			if strings.HasSuffix(name, part) && !strings.Contains(name, "csrf") && !strings.Contains(name, "last") {
				return 100 - i
			}
		}
		if name == "id" {
			return 1
		}
		return 0
	}
	var best *key
	for _, name := range slices.Sorted(maps.Keys(m.keys.keys)) {
		if k := m.keys.keys[name]; rank(k) > 0 && (best == nil || rank(k) > rank(best)) {
			best = k
		}
	}
	return best
}

// canOwn reports whether values of the type can name a user.
func canOwn(t types.Type) bool {
	if t == nil {
		return false
	}
	if b, ok := t.Underlying().(*types.Basic); ok {
		return b.Info()&(types.IsString|types.IsInteger) != 0
	}
	return isStringer(t) && types.Comparable(t)
}

func isStringer(t types.Type) bool {
	obj, _, _ := types.LookupFieldOrMethod(t, true, nil, "String")
	f, ok := obj.(*types.Func)
	return ok && f.Signature().Params().Len() == 0 && f.Signature().Results().Len() == 1
}

// fields returns the keys that become fields, in order.
func (m *mover) fields() []*key {
	var found []*key
	for _, k := range m.keys.keys {
		if k.left == "" {
			found = append(found, k)
		}
	}
	slices.SortFunc(found, func(a, b *key) int { return cmp.Compare(a.field, b.field) })
	return found
}
