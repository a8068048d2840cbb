// Package stores opens the store that a configuration names.
//
//	store, err := stores.Open(ctx, "redis://localhost:6379", "carts", codec.MessagePack[Cart]())
//
// A program that knows its store makes it itself: see the packages memstore,
// redisstore, sqlstore and kvstore.
package stores
