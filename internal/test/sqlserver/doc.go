// Package sqlserver tests sqlstore on real databases, with their drivers: SQLite,
// and PostgreSQL and MariaDB servers that the tests start on loopback.
package sqlserver
