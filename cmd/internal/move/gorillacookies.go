package move

import (
	"go/ast"
	"go/constant"
	"net/http"
	"slices"
)

// A place is where a browser keeps a cookie: it is part of the cookie's identity.
type place struct{ path, domain string }

// cookiePlace notes the Path and Domain of a cookie's options. Values that are not
// constant are left to a person.
func (m *mover) cookiePlace(f *file, lit *ast.CompositeLit) {
	t := f.pkg.TypesInfo.TypeOf(lit)
	if f.isTest() || !isNamed(t, gorillaPath, "Options") && !isNamed(t, ginPath, "Options") {
		return
	}
	var at place
	set := fieldsOf(lit)
	for name, to := range map[string]*string{"Path": &at.path, "Domain": &at.domain} {
		e := set[name]
		if e == nil {
			continue
		}
		v := f.pkg.TypesInfo.Types[e].Value
		if v == nil || v.Kind() != constant.String {
			m.leave(f, e, "the cookie's "+name+" is not constant: put the value into oldCookies, or the cookie stays in browsers", guideMove)
			return
		}
		*to = constant.StringVal(v)
	}
	m.addPlace(at)
}

func (m *mover) addPlace(at place) {
	if !slices.Contains(m.oldPlaces, at) {
		m.oldPlaces = append(m.oldPlaces, at)
	}
}

// oldCookies returns a cookie for each name and place. A program whose options stand in
// no literal sets cookies for the path "/", as the stores do by default.
func (m *mover) oldCookies() []http.Cookie {
	if len(m.oldPlaces) == 0 {
		m.addPlace(place{path: "/"})
	}
	var all []http.Cookie
	for _, name := range m.oldNames {
		for _, at := range m.oldPlaces {
			all = append(all, http.Cookie{Name: name, Path: at.path, Domain: at.domain})
		}
	}
	return all
}
