// Package kvstore keeps sessions in any key-value store that can compare and set.
//
//	backend, err := boltkv.Open("sessions.db", nil)
//	...
//	store, err := kvstore.New(backend, "carts", codec.MessagePack[Cart](), nil)
//	...
//	carts, err := sessions.New(store, nil)
//
// Modules of their own have backends: bbolt, a file of one process, in boltkv; Badger in
// badgerkv; NATS JetStream in natskv; etcd in etcdkv; Amazon DynamoDB in dynamokv;
// memcached in memcachekv. A program that imports such a package can also open it by its
// URL: see [Open] and package stores.
//
// # Writing a backend
//
// A [Backend] has two methods. With a third it is a [Lister], and the sessions of an
// owner can be found. A [Watcher] tells at once when a session ends. [storetest.KV] checks
// every rule of them, and the store on top:
//
//	func TestBackend(t *testing.T) {
//		storetest.KV(t, func(t *testing.T) kvstore.Backend { return open(t) }, nil)
//	}
//
// The store does the rest. It compares revisions, and recognises its own write if the
// reply was lost. It notes owners before it writes their records, and forgets them after.
// Records that have ended are absent, even before the backend drops them.
//
// # Keys
//
// A record is at namespace.s.id, in the form of package wire. If the backend is a
// Lister, namespace.o.hash.id notes that the session has the owner with this hash, and
// holds the time of the note in eight bytes. Keys have letters, digits, "-", "_" and "."
// only, and at most 200 bytes, so that every backend takes them.
//
// A note is written before a record gets its owner, and removed after the record is
// gone. A process that dies in between leaves a note behind that leads nowhere. Lists
// pass over it, and remove it when it is two hours old.
//
// [storetest.KV]: https://pkg.go.dev/github.com/seed48429006/sessions/sessiontest/storetest#KV
package kvstore
