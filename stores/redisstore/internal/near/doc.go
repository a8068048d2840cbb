// Package near keeps copies of records in the process, and drops them when Redis
// says that they have changed.
//
// A [Cache] has the copies. A [Tracker] has a connection of its own, on which records
// are read and written, and on which Redis names each key that was read there and has
// changed since. Replies and changes come in the order in which Redis ran the commands.
// So a copy that a reply made is the present record until a change is told. Copies are
// served only while that connection is known to work.
package near
