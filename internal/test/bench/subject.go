package bench

import "net"

// A Subject is one library on one store.
type Subject struct {
	Library string
	Store   string

	// Needs is the server that the store is on. Nil means none.
	Needs *Service

	// SQL reports whether the store is on a SQL database. Such stores are measured by
	// themselves.
	SQL bool

	// Open returns the subject's application. Addr is the server's address.
	Open func(addr string) (App, error)
}

// Name returns the name that no other subject has.
func (s Subject) Name() string { return s.Library + ", " + s.Store }

// Bare and BareFiber are handlers without sessions, the references.
const (
	Bare      = "bare handler, net/http"
	BareFiber = "bare handler, fiber"
)

// Subjects returns all subjects, in the order of the tables.
func Subjects() []Subject {
	return []Subject{
		bare,
		sessionsMemory, scsMemory, fiberMemory,
		sessionsRedis, sessionsRedisCombined, sessionsRedisNear, scsRedis, gorillaRedis, fiberRedis,
		sessionsSQLite, scsSQLite, sessionsPostgres, scsPostgres, scsPGX,
		gorillaCookie,
		bareFiber,
	}
}

// An App answers requests of every case that its library can do.
type App interface {
	// Can reports whether the library can do it.
	Can(Case) bool

	// Serve serves every case at the path of its name until the listener closes.
	Serve(net.Listener) error

	// Visitor returns a visitor who is alone and in this process.
	Visitor(Case) Visitor

	// Close lets go of connections.
	Close() error
}

// A Filed application keeps its sessions in a file.
type Filed interface{ Bytes() (int64, error) }

// A Visitor makes requests one after another. It is for one goroutine.
type Visitor interface {
	// SetCookie sets the Cookie header of the requests to come.
	SetCookie(string)

	// Visit makes a request.
	Visit()

	// Response returns the status of the last response, and the name and the value
	// of its cookie as a Cookie header has them.
	Response() (status int, cookie string)
}
