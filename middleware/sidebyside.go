package middleware

import (
	"net/http"
	"runtime"
	"sync"
	"weak"
)

// A place is where a server's cookies of the same name overwrite each other.
type place struct {
	server             weak.Pointer[http.Server]
	name, path, domain string
}

// An issuer is the manager that gave out the first cookie in a place.
type issuer struct {
	manager  any
	typeName string
	host     string
}

// issuers are the *issuers of all places, to find managers side by side that use one
// cookie name: neither is within the other, so that no request passes both.
var issuers sync.Map

// adviseOthers logs, once, that another manager of this server uses the same cookie.
// It is called when a cookie is given out, and when one is met that is unknown here.
func (x *response[T]) adviseOthers(issues bool) {
	server, ok := x.Value(http.ServerContextKey).(*http.Server)
	if !ok || x.m.sideBySide.given.Load() {
		return
	}
	at := place{weak.Make(server), x.request.cookie.name, x.request.cookie.cookie.Path, x.request.cookie.cookie.Domain}
	first, found := issuers.Load(at)
	if !found && issues {
		first, found = issuers.LoadOrStore(at, &issuer{x.m, x.m.typeName, x.request.host})
		if !found {
			runtime.AddCleanup(server, func(at place) { issuers.Delete(at) }, at)
		}
	}
	if !found {
		return
	}
	if other := first.(*issuer); other.manager != any(x.m) && other.host == x.request.host {
		x.m.sideBySide.log(x, x.m.options.logger(), adviceSideBySide(other.typeName, x.m.typeName, x.request.cookie.name))
	}
}
