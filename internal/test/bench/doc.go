// Package bench measures sessions against other libraries, in one run and on
// one cart of ten items:
//
//	go test -bench . -benchmem
//
// Machines differ and are noisy: what counts are the ratios. The benchmarks on
// Redis start a redis-server of their own and are skipped if there is none.
//
// It is a module of its own so that users of sessions do not inherit the
// libraries that it is compared with.
package bench
