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
	row(&b, "store", "owners", "sessions of each", "bytes a session", "list one owner's, ms", "commands", "end them, ms", "commands")
	rule(&b, 7)
	many := s.owned[len(s.owned)-1]
	fill := func(name string, store sessions.Store[owned], meter *bench.Meter) error {
		for _, n := range s.owned {
			if err := l.ownersRow(&b, name, store, meter, 1, n); err != nil {
				return err
			}
		}
		return l.ownersRow(&b, name, store, meter, many, 1)
	}
	err := fill("memory", memstore.New[owned](nil), new(bench.Meter))
	if err != nil || l.servers[bench.Redis] == nil {
		return b.String(), err
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
	err = fill("Redis", store, meter)
	return b.String(), err
}

func (l *lab) ownersRow(b *strings.Builder, name string, store sessions.Store[owned], meter *bench.Meter, owners, n int) error {
	ctx := context.Background()
	subject := bench.Subject{}
	if name == "Redis" {
		subject.Needs = bench.Redis
	}
	carts, err := sessions.New(store, nil)
	if err != nil {
		return err
	}
	before, err := l.bytes(subject, nil)
	if err != nil {
		return err
	}
	for i := range owners * n {
		if err := store.Save(ctx, ownedRecord(customer(i%owners))); err != nil {
			return err
		}
	}
	after, err := l.bytes(subject, nil)
	if err != nil {
		return err
	}
	found := 0
	listing, listed, err := timed(meter, func() error {
		for _, err := range carts.ByOwner(ctx, customer(0)) {
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
		_, err := carts.RevokeAll(ctx, customer(0), "")
		return err
	})
	if err != nil {
		return err
	}
	cells := []string{name, count(float64(owners)), count(float64(n)), "", decimal(listing), "", decimal(ending), ""}
	if n*owners >= 100 { // fewer do not outweigh the store's and the connections' own memory
		cells[3] = count(float64(after-before) / float64(n*owners))
	}
	if subject.Needs != nil {
		cells[5], cells[7] = count(listed), count(sent)
	}
	row(b, cells...)
	return l.clear(subject)
}

func customer(i int) string { return fmt.Sprintf("customer-%05d", i) }

func ownedRecord(owner string) *session.Record[owned] {
	now := time.Now().UTC().Truncate(time.Millisecond)
	cart := bench.NewCart()
	cart.Customer = owner
	token := session.NewToken(session.NewID())
	return &session.Record[owned]{
		ID: token.ID(), Secrets: session.NewSecrets(token), Owner: owner, Created: now, Renewed: now, LoggedIn: now,
		Deadline: now.Add(24 * time.Hour), Expires: now.Add(time.Hour), Value: owned{cart},
	}
}

// timed returns how many milliseconds do takes, and how many commands.
func timed(meter *bench.Meter, do func() error) (milliseconds, commands float64, err error) {
	start, counted := time.Now(), meter.Read()
	err = do()
	return time.Since(start).Seconds() * 1000, float64(meter.Since(counted).Commands), err
}
