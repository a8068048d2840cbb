// Package near keeps copies of records in the process, and drops them when Redis
// says that they have changed.
//
// A [Cache] has the copies. A [Tracker] has a connection of its own on which Redis
// names each key that changes. Copies are served only while that connection is
// known to work.
package near
