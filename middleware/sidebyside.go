package middleware

import (
	"net/http"
	"runtime"
	"sync"
	"weak"
)

// A place is where a server's cookies of the same name overwrite each other.
type place struct {
	name, path, domain string
}

// An issuer is the manager that gave out the first cookie in a place.
type issuer struct {
	manager  any
	typeName string
	host     string
}

// issuers are a server's, by place. There may be any number of places if
// Options.CookieFor makes them from the names of hosts, which clients choose: the first
// maxKnownCookies are kept.
type issuers struct {
	mu sync.Mutex
	by map[place]*issuer
}

// servers are the *issuers of all servers by weak.Pointer[http.Server], to find managers
// side by side that use one cookie name: neither is within the other, so that no request
// passes both.
var servers sync.Map

// adviseOthers logs, once, that another manager of this server uses the same cookie.
// It is called when a cookie is given out, and when one is met that is unknown here.
func (x *response[T]) adviseOthers(issues bool) {
	server, ok := x.Value(http.ServerContextKey).(*http.Server)
	if !ok || x.m.sideBySide.given.Load() {
		return
	}
	cookie := x.request.cookie
	at := place{cookie.name, cookie.cookie.Path, cookie.cookie.Domain}
	var own *issuer
	if issues && len(x.request.host) <= maxHost {
		own = &issuer{x.m, x.m.typeName, x.request.host}
	}
	if other := issuersOf(server).first(at, own); other != nil && other.manager != any(x.m) && other.host == x.request.host {
		x.m.sideBySide.log(x, x.m.options.logger(), adviceSideBySide(other.typeName, x.m.typeName, cookie.name))
	}
}

func issuersOf(server *http.Server) *issuers {
	key := weak.Make(server)
	of, found := servers.Load(key)
	if !found {
		of, found = servers.LoadOrStore(key, new(issuers))
		if !found {
			runtime.AddCleanup(server, func(key weak.Pointer[http.Server]) { servers.Delete(key) }, key)
		}
	}
	return of.(*issuers)
}

// first returns the first issuer of a place, which is own if there is none yet.
func (i *issuers) first(at place, own *issuer) *issuer {
	i.mu.Lock()
	defer i.mu.Unlock()
	first := i.by[at]
	if first == nil && own != nil && len(i.by) < maxKnownCookies {
		if i.by == nil {
			i.by = make(map[place]*issuer)
		}
		first = own
		i.by[at] = own
	}
	return first
}
