package redisstore

import (
	"context"
	"errors"
	"net"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
)

// A once is a command that the client sends once. By default go-redis sends a
// command again when its reply is lost, and does not say so. The store must know:
// a script that finds another revision may have been overtaken after it wrote.
type once struct{ *redis.Cmd }

// NoRetry is asked for by the client.
func (once) NoRetry() bool { return true }

// Clone returns a copy of the command that is sent once too.
func (o once) Clone() redis.Cmder { return once{o.Cmd.Clone().(*redis.Cmd)} }

// newCommand returns the command that runs a script on one key. The script's last
// argument is "1" if an earlier attempt may have run it.
func newCommand(ctx context.Context, name, script, key string, args []any, resent bool) once {
	flag := ""
	if resent {
		flag = "1"
	}
	all := append(append(make([]any, 0, len(args)+5), name, script, 1, key), args...)
	cmd := redis.NewCmd(ctx, append(all, flag)...)
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

// write runs a script on one key. It sends the script again if the connection
// breaks or the server cannot run it yet, as often as the client's options allow.
func (k *keyspace) write(ctx context.Context, s *script, key string, args ...any) (w written) {
	retries, backoff := k.retries()
	for attempt := 0; ; attempt++ {
		w.reply, w.unconfirmed = k.attempt(ctx, "evalsha", s.hash, key, args, w.resent, attempt == 0)
		if redis.HasErrorPrefix(w.reply.Err(), "NOSCRIPT") {
			w.reply, w.unconfirmed = k.attempt(ctx, "eval", s.source, key, args, w.resent, false)
		}
		w.err = w.reply.Err()
		if attempt == retries || !retryable(errors.Join(w.err, w.unconfirmed)) || !sleep(ctx, backoff(attempt)) {
			return w
		}
		w.resent = w.resent || !refused(w.err)
	}
}

// attempt sends a script once, if it may with the commands of other callers.
func (k *keyspace) attempt(ctx context.Context, name, body, key string, args []any, resent, combined bool) (cmd once, unconfirmed error) {
	command := func() once { return newCommand(ctx, name, body, key, args, resent) }
	if k.acks.replicas > 0 {
		return k.sendConfirmed(ctx, command, key)
	}
	cmd = command()
	c := (*combiner)(nil)
	if combined {
		c = k.combiners.forKey(ctx, key)
	}
	if c == nil {
		k.client.Process(ctx, cmd)
	} else if !c.process(ctx, cmd, nil) {
		cmd = command()
		cmd.SetErr(ctx.Err())
	}
	return cmd, nil
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
	return ok && op.Op == "dial" || errors.Is(err, redis.ErrPoolTimeout) || errors.Is(err, redis.ErrPoolExhausted)
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
