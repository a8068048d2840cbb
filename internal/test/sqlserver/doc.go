// Package sqlserver gives tests real databases: SQLite, and PostgreSQL and MariaDB
// servers that it starts on loopback. Its tests check sqlstore on all of them, with
// their drivers.
//
// A package that uses it has
//
//	func TestMain(m *testing.M) { os.Exit(sqlserver.Main(m)) }
package sqlserver
