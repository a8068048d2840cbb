package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/test/bench"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
	"github.com/seed48429006/sessions/stores/redisstore"
)

// An owned cart belongs to its customer.
type owned struct{ bench.Cart }

// SessionOwner returns the customer.
func (o owned) SessionOwner() string { return o.Customer }

// ownersTable has a line for each store and number of sessions.
func (l *lab) ownersTable(s scale) (string, error) {
	var b strings.Builder
	row(&b, "store", "sessions of the owner", "bytes a session", "list all, ms", "commands", "end all, ms", "commands")
	rule(&b, 6)
	for _, n := range s.owned {
		if err := l.ownersRow(&b, "memory", memstore.New[owned](nil), new(bench.Meter), n); err != nil {
			return "", err
		}
	}
	if l.servers[bench.Redis] == nil {
		return b.String(), nil
	}
	meter, err := bench.NewMeter(bench.Redis, l.servers[bench.Redis].Addr())
	if err != nil {
		return "", err
	}
	defer meter.Close()
	store, err := redisstore.Open(context.Background(), "redis://"+meter.Addr(), "owners", codec.MessagePack[owned](), nil)
	if err != nil {
		return "", err
	}
	defer store.Close()
	for _, n := range s.owned {
		if err := l.ownersRow(&b, "Redis", store, meter, n); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

func (l *lab) ownersRow(b *strings.Builder, name string, store sessions.Store[owned], meter *bench.Meter, n int) error {
	ctx := context.Background()
	subject := bench.Subject{}
	if name == "Redis" {
		subject.Needs = bench.Redis
	}
	carts, err := sessions.New(store, nil)
	if err != nil {
		return err
	}
	before, err := l.bytes(subject)
	if err != nil {
		return err
	}
	for range n {
		now := time.Now().UTC().Truncate(time.Millisecond)
		rec := session.Record[owned]{
			ID: session.NewToken().ID(), Owner: "ada", Created: now, Renewed: now,
			Deadline: now.Add(24 * time.Hour), Expires: now.Add(time.Hour), Value: owned{bench.NewCart()},
		}
		if err := store.Save(ctx, &rec); err != nil {
			return err
		}
	}
	after, err := l.bytes(subject)
	if err != nil {
		return err
	}
	found := 0
	listing, listed, err := timed(meter, func() error {
		for _, err := range carts.ByOwner(ctx, "ada") {
			if err != nil {
				return err
			}
			found++
		}
		return nil
	})
	if err != nil || found != n {
		return fmt.Errorf("%d of %d sessions are listed: %w", found, n, err)
	}
	ending, sent, err := timed(meter, func() error {
		_, err := carts.RevokeAll(ctx, "ada")
		return err
	})
	if err != nil {
		return err
	}
	cells := []string{name, count(float64(n)), "", decimal(listing), "", decimal(ending), ""}
	if n >= 100 { // fewer do not outweigh what the store and the connections take
		cells[2] = count(float64(after-before) / float64(n))
	}
	if subject.Needs != nil {
		cells[4], cells[6] = count(listed), count(sent)
	}
	row(b, cells...)
	return l.clear(subject)
}

// timed returns how many milliseconds do takes, and how many commands.
func timed(meter *bench.Meter, do func() error) (milliseconds, commands float64, err error) {
	start, counted := time.Now(), meter.Read()
	err = do()
	return time.Since(start).Seconds() * 1000, float64(meter.Since(counted).Commands), err
}
