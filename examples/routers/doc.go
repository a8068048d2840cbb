// Package routers mounts the sessions in the routers that Go programs use, each
// in a file of its own, and its test runs one flow through all of them, over
// real servers. README.md shows the lines that matter.
//
// It is a module of its own so that users of sessions do not inherit the routers.
package routers
