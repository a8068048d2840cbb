package guides

import (
	"context"
	"errors"
	"time"

	"github.com/seed48429006/sessions"
)

// Tokens is the session of a visitor for whom the program calls an API.
type Tokens struct {
	User       string
	Access     string
	Refresh    string // can be redeemed once
	Expiry     time.Time
	Refreshing time.Time // until then, one request redeems it; the others wait
}

// SessionOwner makes the sessions of one user findable.
func (t Tokens) SessionOwner() string { return t.User }

// A Refresher redeems refresh tokens, each once, even if requests overlap on several
// servers.
type Refresher struct {
	Sessions *sessions.Manager[Tokens]
	Redeem   func(ctx context.Context, refresh string) (access, next string, expiry time.Time, err error)
}

const (
	early = time.Minute            // before its end, an access token is replaced
	lease = 15 * time.Second       // longer than Redeem takes
	pause = 100 * time.Millisecond // between looks at the session
)

// Access returns an access token that is good for some time.
func (p *Refresher) Access(ctx context.Context, s *sessions.Session[Tokens]) (string, error) {
	token, stored := s.Token()
	if !stored {
		return "", errNoTokens
	}
	for {
		now, mine := time.Now(), false
		s.Update(func(t *Tokens) {
			if mine = t.Expiry.Before(now.Add(early)) && t.Refreshing.Before(now); mine {
				t.Refreshing = now.Add(lease)
			}
		})
		if err := s.Commit(ctx); err != nil { // one request gets the lease
			return "", err
		}
		switch v := s.Value(); {
		case mine:
			return p.redeem(ctx, s, v.Refresh)
		case v.Expiry.After(now.Add(early)):
			return v.Access, nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
		var err error
		if s, err = p.Sessions.Open(ctx, token.Reveal()); err != nil {
			return "", err
		}
	}
}

// redeem keeps the new tokens, also if the visitor goes away.
func (p *Refresher) redeem(ctx context.Context, s *sessions.Session[Tokens], refresh string) (string, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lease)
	defer cancel()
	access, next, expiry, err := p.Redeem(ctx, refresh)
	s.Update(func(t *Tokens) {
		t.Refreshing = time.Time{}
		if err == nil {
			t.Access, t.Refresh, t.Expiry = access, next, expiry
		}
	})
	return access, errors.Join(err, s.Commit(ctx))
}

var errNoTokens = errors.New("this visitor has no tokens: log in first")
