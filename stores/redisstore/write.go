package redisstore

import (
	"context"
	"errors"
	"net"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions/stores/redisstore/internal/near"
)

// A once is a command that the client sends once. By default go-redis sends a
// command again when its reply is lost, and does not say so. The store must know:
// a script that finds another revision may have been overtaken after it wrote.
type once struct{ *redis.Cmd }

// NoRetry is asked for by the client.
func (once) NoRetry() bool { return true }

// Clone returns a copy of the command that is sent once too.
func (o once) Clone() redis.Cmder { return once{o.Cmd.Clone().(*redis.Cmd)} }

// A call holds the arguments of a script.
type call struct {
	script *script
	key    string
	args   []any
	until  time.Time // if not zero, the next argument is how many milliseconds are left
}

// The last argument of every script says how it is sent.
const (
	first   = ""
	again   = "1" // an earlier attempt may have run it
	tracked = "t" // on a connection on which Redis tells of later changes
)

// newCommand returns the command that calls a script.
func newCommand(ctx context.Context, name, script string, c call, how string) once {
	all := append(append(make([]any, 0, len(c.args)+6), name, script, "1", c.key), c.args...)
	if !c.until.IsZero() {
		all = append(all, max(1, millis(time.Until(c.until))))
	}
	cmd := redis.NewCmd(ctx, append(all, how)...)
	cmd.SetFirstKeyPos(3)
	return once{cmd}
}

// A written is the outcome of a script.
type written struct {
	reply       once
	err         error // of the reply, or of the connection
	unconfirmed error // why the replicas do not all have it
	resent      bool  // an earlier attempt may have run the script
}

// write calls a script on one key, by the sender if it is not nil and can. It calls
// the script again if the connection breaks or the server cannot run it yet, as often
// as the client's options allow.
func (k *keyspace) write(ctx context.Context, c call, by *sender) (w written) {
	if by != nil {
		by.known = false
	}
	retries, backoff := k.retries()
	for attempt := 0; ; attempt++ {
		how := first
		if w.resent {
			how = again
		}
		w.reply, w.unconfirmed = k.attempt(ctx, "evalsha", c.script.hash, c, how, attempt == 0, by)
		if redis.HasErrorPrefix(w.reply.Err(), "NOSCRIPT") {
			w.reply, w.unconfirmed = k.attempt(ctx, "eval", c.script.source, c, how, false, by)
		}
		w.err = w.reply.Err()
		if attempt == retries || !retryable(errors.Join(w.err, w.unconfirmed)) || !sleep(ctx, backoff(attempt)) || passed(c.until) {
			return w
		}
		w.resent = w.resent || !refused(w.err)
		by = nil
		k.moved(ctx, w.err)
	}
}

// attempt sends a script once, if it may with the commands of other callers.
func (k *keyspace) attempt(ctx context.Context, name, body string, call call, how string, combined bool, by *sender) (cmd once, unconfirmed error) {
	if by != nil {
		if cmd, sent := by.send(ctx, name, body, call); sent {
			return cmd, nil
		}
	}
	command := func() once { return newCommand(ctx, name, body, call, how) }
	if k.acks.replicas > 0 {
		return k.sendConfirmed(ctx, command, call.key)
	}
	cmd = command()
	c, bytes := (*combiner)(nil), sizeOf(cmd)
	if combined && bytes <= maxShared {
		c = k.combiners.forKey(ctx, call.key)
	}
	var back redis.Cmder
	if c == nil {
		back = send(ctx, k.client, k.patient, cmd, func() {})
	} else {
		back = c.process(ctx, cmd, func() shared { return shared{cmd, bytes, 0} })
	}
	if back == nil {
		cmd = command()
		cmd.SetErr(ctx.Err())
	}
	return cmd, nil
}

// sizeOf returns about how many bytes a command sends.
func sizeOf(cmd redis.Cmder) (n int) {
	for _, arg := range cmd.Args() {
		switch arg := arg.(type) {
		case string:
			n += len(arg)
		case []byte:
			n += len(arg)
		}
	}
	return n
}

// resends reports whether the store sends commands again by itself.
func (k *keyspace) resends() bool {
	switch k.client.(type) {
	case *redis.Client, *redis.ClusterClient:
		return true
	}
	return false
}

// moved has the client of a cluster look for the node that takes the place of one that
// is lost.
func (k *keyspace) moved(ctx context.Context, err error) {
	if c, ok := k.client.(*redis.ClusterClient); ok && !answered(err) {
		c.ReloadState(ctx)
	}
}

// answered reports whether err is nil or an answer of the server.
func answered(err error) bool {
	_, is := errors.AsType[redis.Error](err)
	return err == nil || is
}

// retries returns how often a command is sent again, and after which time.
func (k *keyspace) retries() (int, func(attempt int) time.Duration) {
	var n int
	var shortest, longest time.Duration
	switch c := k.client.(type) {
	case *redis.Client:
		n, shortest, longest = c.Options().MaxRetries, c.Options().MinRetryBackoff, c.Options().MaxRetryBackoff
	case *redis.ClusterClient:
		n, shortest, longest = c.Options().MaxRedirects, c.Options().MinRetryBackoff, c.Options().MaxRetryBackoff
	}
	return max(n, 0), func(attempt int) time.Duration {
		return min(max(shortest, 0)<<min(attempt, 10), max(longest, 0))
	}
}

// unready are the errors of a server that has not run the command, and may soon.
var unready = []string{"LOADING ", "READONLY ", "MASTERDOWN ", "CLUSTERDOWN ", "TRYAGAIN ", "NOREPLICAS ", "ERR max number of clients"}

// retryable reports whether a write that ended with err is worth another attempt.
func retryable(err error) bool {
	if err == nil || errors.Is(err, errTooFew) || errors.Is(err, context.Canceled) || errors.Is(err, redis.ErrClosed) {
		return false
	}
	if answer, ok := errors.AsType[redis.Error](err); ok {
		return slices.ContainsFunc(unready, func(prefix string) bool { return redis.HasErrorPrefix(answer, prefix) })
	}
	return true
}

// refused reports whether err shows that the server did not run the command.
func refused(err error) bool {
	if _, answered := errors.AsType[redis.Error](err); answered {
		return true
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial" || errors.Is(err, near.ErrUnsent) || errors.Is(err, redis.ErrPoolTimeout) || errors.Is(err, redis.ErrPoolExhausted)
}

// sleep waits, and reports whether the context allows another attempt.
func sleep(ctx context.Context, d time.Duration) bool {
	if ctx.Err() != nil {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
