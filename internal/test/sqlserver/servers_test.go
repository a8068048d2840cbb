package sqlserver_test

import (
	"testing"

	"github.com/seed48429006/sessions/internal/test/sqlserver"
)

// servers are those that a test can kill.
var servers = map[string]struct {
	start  func(testing.TB) *sqlserver.Server
	driver string
	source func(*sqlserver.Server) string
	url    func(*sqlserver.Server) string
}{
	"postgres": {sqlserver.PostgreSQL, "pgx", postgresURL, postgresURL},
	"mariadb":  {sqlserver.MariaDB, "mysql", mysqlSource, mysqlURL},
	"mysql":    {sqlserver.MySQL, "mysql", mysqlSource, mysqlURL},
}

func postgresURL(s *sqlserver.Server) string { return s.PostgreSQL("postgres") }
func mysqlSource(s *sqlserver.Server) string { return s.MySQL("mysql") }
func mysqlURL(s *sqlserver.Server) string    { return "mysql://root@" + s.Addr + "/mysql" }
