package session

import (
	"context"
	"errors"
	"time"

	"github.com/seed48429006/sessions/internal/hooks"
)

// A hooked session has the methods of [hooks.Session].
type hooked[T any] Session[T]

func (s *Session[T]) hooks() hooks.Session { return (*hooked[T])(s) }

func init() {
	hooks.ChallengeID = func(text string) ([16]byte, bool) {
		c, ok := parseChallenge(text)
		return c.id, ok
	}
	hooks.Of = func(s any) hooks.Session { return s.(interface{ hooks() hooks.Session }).hooks() }
}

func (h *hooked[T]) Detach(ctx context.Context) error {
	s := (*Session[T])(h)
	s.setLate(true)
	if !s.gate.busy() {
		return nil
	}
	return StoreError(s.within(ctx, func() {}))
}

func (h *hooked[T]) Attach() { (*Session[T])(h).setLate(false) }

func (s *Session[T]) setLate(late bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.late = late
}

func (h *hooked[T]) Abandon() {
	s := (*Session[T])(h)
	s.mu.Lock()
	s.late, s.abandoned = true, true
	s.mu.Unlock()
	if s.gate.tryEnter() {
		s.dropAbandoned()
		s.gate.leave()
	}
}

func (h *hooked[T]) Settled() bool { return (*Session[T])(h).settled() }

func (h *hooked[T]) Committing() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.joined != nil || h.gate.busy()
}

func (h *hooked[T]) News() hooks.News {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.gone || h.news == hooks.NewToken && h.kind != current { // a former one would overwrite its successor
		return hooks.NoNews
	}
	return h.news
}

func (h *hooked[T]) Revision() uint64 { return uint64((*Session[T])(h).record().Revision) }

func (h *hooked[T]) Renewals() uint32 { return (*Session[T])(h).record().Secrets.Renewals() }

func (h *hooked[T]) Offer(offers hooks.Offers) { h.offers = offers }

func (h *hooked[T]) Offered() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.offer
}

func (h *hooked[T]) Find(ctx context.Context, id [16]byte) error {
	s := (*Session[T])(h)
	e := Event{Kind: EventLoaded, Operation: OperationLoad, ID: id}
	start := s.policy.clock()
	rec, err := load(ctx, s.store, e.ID)
	switch e.Owner, e.Err = rec.Owner, err; {
	case err == nil:
		s.arrived, s.first = now(), rec
	case errors.Is(err, ErrNotFound):
		return err
	case errors.Is(err, ErrUnavailable):
		e.Kind = EventFailed
	default:
		e.Kind = EventUndecodable
	}
	s.policy.observe(ctx, e.since(start))
	return err
}

func (h *hooked[T]) Device() string {
	d := (*Session[T])(h).record().Secrets.device()
	if d.binding != bound {
		return ""
	}
	return d.key
}

func (h *hooked[T]) Challenge() string {
	rec := (*Session[T])(h).record()
	d := rec.Secrets.device()
	c := challenge{id: rec.ID, at: now().UnixMilli()}
	c.by = c.mac(rec.Secrets, &d)
	return c.String()
}

func (h *hooked[T]) Prove(challenge, key string, binds bool) {
	(*Session[T])(h).change(func(d *demands) { d.proof = &proof{challenge, key, binds} })
}

func (h *hooked[T]) SecretEnds() time.Time {
	s := (*Session[T])(h)
	s.mu.Lock()
	defer s.mu.Unlock()
	until := s.base.Secrets.untilOf(s.token.hash())
	if until == 0 {
		return time.Time{}
	}
	return time.UnixMilli(until).Add(-renewalGrace).UTC()
}
