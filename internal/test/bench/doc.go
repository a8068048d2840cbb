// Package bench measures sessions against other libraries, in one run and on one
// cart of ten items. The command writes the tables of docs/benchmarks.md:
//
//	go run ./cmd/table
//
// and the benchmarks measure in this process alone:
//
//	go test -bench . -benchmem
//
// A [Subject] is one library on one store. Each is a file or a part of one, and
// [Subjects] lists them: to add one, write its Open function and list it. A
// [Case] is one kind of request.
//
// Machines differ and are noisy: ratios count, absolute times do not.
//
// It is a module of its own so that users of sessions do not inherit the
// libraries that it is compared with.
package bench
