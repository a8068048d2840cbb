// Package sqlserver gives tests real databases: SQLite, and PostgreSQL, MariaDB and
// MySQL servers that it starts on loopback. Its tests check sqlstore on all of them,
// with their drivers. MySQL is skipped unless SESSIONS_MYSQLD names the server's
// program.
//
// A package that uses it has
//
//	func TestMain(m *testing.M) { os.Exit(sqlserver.Main(m)) }
package sqlserver
