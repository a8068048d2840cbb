// Package storetest has the conformance suite for stores of sessions.
//
// # Writing a store
//
// A store implements [session.Store], whose documentation is the contract, and the
// optional interfaces that its database allows. Package codec/wire has a record's
// format for stores outside of the process. The test of a store is one call of [Run]:
//
//	func TestConformance(t *testing.T) {
//		storetest.Run(t, newStore, &storetest.Options{Indexer: true, MaxRecord: 1 << 20})
//	}
//
// [Options] tell the suite facts that it cannot find out: for example which interfaces
// the store must have, how large a record may be, how to make a record unreadable, and
// how to lose a command on its way. Rules that need an option are skipped without it, and
// the message says so. A finished store on a server skips only the rules for interfaces
// that it does not have.
//
// A rule ends at its first fault, and quotes the contract. If a call does not return, the
// -timeout of go test ends the run and shows where the call waits. To run one rule, name
// it:
//
//	go test -run 'TestConformance/save-limit'
//
// Run the suite with the race detector, and on the real server: only there it shows how a
// database treats capitals, long columns and two statements at once.
//
// # The rules
//
// Rules whose names begin alike belong together.
//
//   - save: Save creates, replaces and refuses by revision. It keeps the largest record
//     whole, and a record of more than 64 KiB, which many columns cut.
//   - value, record, load: every field comes back as it was, and shared values are
//     left alone.
//   - touch: only the time of expiry moves, and only if no other request has changed the
//     record.
//   - delete: nothing that has ended comes back.
//   - expires, deadline, far: records end in time, and may end in the year 9999.
//   - context: methods give up when their context is done, and write nothing.
//   - by-owner, all: [session.Indexer] and [session.Lister]: lists are whole, also while
//     hundreds of sessions come and go, and owners that look alike are different. The
//     index keeps no entry of a former owner.
//   - revisions: [session.Poller]: an answer has the revision of each live session, and
//     zero for all others.
//   - watch: [session.Watcher]: each watch is told when its session changes or ends.
//   - open: [session.Opener]: a value is decoded if its secrets are accepted, and copies
//     never hide the store's own writes.
//   - outline, outlines: [session.Outliner]: a record without its value is otherwise the
//     same.
//   - unreadable: records that cannot be read are reported, and can be deleted.
//   - lost: a command or its reply is lost, for each command of each call: the store
//     recognises its own write, or says that it does not know. [Loss] says how a test
//     loses them.
//   - race: calls that overlap take effect one after the other. Hundreds of calls
//     begin within a microsecond of each other, so that a store that looks before it
//     locks is found out.
package storetest
