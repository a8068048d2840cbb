package redisstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// DefaultReplicaTimeout is how long a write waits for replicas unless [Options]
// has another time.
const DefaultReplicaTimeout = 500 * time.Millisecond

// maxRedirects bounds how often a write to a cluster is sent, as go-redis does
// for the commands that it sends by itself.
const maxRedirects = 3

// acks says how many replicas must have a write before it counts. None: the
// primary alone decides.
type acks struct {
	replicas int
	timeout  time.Duration
}

func (o *Options) acks() acks {
	if o.ReplicaTimeout == 0 {
		return acks{o.ReplicaAcks, DefaultReplicaTimeout}
	}
	return acks{o.ReplicaAcks, o.ReplicaTimeout}
}

// checkAcks reports what keeps the client from waiting for replicas.
func (o *Options) checkAcks(client redis.Cmdable) error {
	var errs []error
	refuse := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf("redisstore: "+format, args...))
		}
	}
	refuse(o.ReplicaAcks < 0, "ReplicaAcks is negative: %d", o.ReplicaAcks)
	refuse(o.ReplicaTimeout < 0, "ReplicaTimeout is negative: %v", o.ReplicaTimeout)
	if o.ReplicaAcks > 0 && checkClient(client) == nil {
		patience, known := readTimeout(client)
		refuse(!known, "ReplicaAcks needs a *redis.Client or *redis.ClusterClient: a %T does not say which connection a write took", client)
		refuse(known && patience > 0 && patience <= o.acks().timeout,
			"ReplicaTimeout is %v, but the client waits for a reply for %v only", o.acks().timeout, patience)
	}
	return errors.Join(errs...)
}

// readTimeout returns how long the client waits for a reply, and whether it is
// one that can be made to ask for replicas on the connection that wrote.
func readTimeout(client redis.Cmdable) (timeout time.Duration, known bool) {
	switch c := client.(type) {
	case *redis.Client:
		return c.Options().ReadTimeout, true
	case *redis.ClusterClient:
		return c.Options().ReadTimeout, true
	}
	return 0, false
}

// write runs a script on one key and, if replicas are to confirm it, waits for
// them. That too few did is returned apart from the reply: what was refused
// needs no confirmation.
func (k *keyspace) write(ctx context.Context, script *redis.Script, key string, args ...any) (reply *redis.Cmd, unconfirmed error) {
	if k.acks.replicas == 0 {
		reply = script.EvalSha(ctx, k.client, []string{key}, args...)
		if redis.HasErrorPrefix(reply.Err(), "NOSCRIPT") {
			unsent(args)
			reply = script.Eval(ctx, k.client, []string{key}, args...)
		}
		return reply, nil
	}
	c, clustered := k.client.(*redis.ClusterClient)
	if !clustered {
		return k.confirm(ctx, k.client.(*redis.Client), false, script, key, args)
	}
	node, err := c.MasterForKey(ctx, key)
	if err != nil {
		return failed(ctx, err), nil
	}
	for redirects, asking := 0, false; ; redirects++ {
		reply, unconfirmed = k.confirm(ctx, node, asking, script, key, args)
		if redirects == maxRedirects || ctx.Err() != nil {
			return reply, unconfirmed
		}
		err := errors.Join(reply.Err(), unconfirmed)
		_, refused := errors.AsType[redis.Error](err)
		next, ask, again := redirect(ctx, c, key, err)
		if !again {
			return reply, unconfirmed
		}
		if next != nil {
			node = next
		}
		if refused {
			unsent(args)
		}
		asking = ask
	}
}

// redirect returns where in the cluster to send a write again that ended with
// err; nil for the node that had it.
func redirect(ctx context.Context, c *redis.ClusterClient, key string, err error) (node *redis.Client, asking, again bool) {
	if addr, moved := redis.IsMovedError(err); moved {
		c.ReloadState(ctx)
		return at(ctx, c, addr), false, true
	}
	if addr, ask := redis.IsAskError(err); ask {
		node = at(ctx, c, addr)
		return node, node != nil, true
	}
	if _, refused := errors.AsType[redis.Error](err); err == nil || refused || errors.Is(err, errTooFew) {
		return nil, false, false
	}
	// The connection broke: the scripts know a write that comes twice.
	c.ReloadState(ctx)
	node, _ = c.MasterForKey(ctx, key)
	return node, false, true
}

// at returns the cluster's primary with this address, nil if it is not known.
func at(ctx context.Context, c *redis.ClusterClient, addr string) (found *redis.Client) {
	nodes, _ := (&keyspace{client: c}).nodes(ctx)
	for _, node := range nodes {
		if node.Options().Addr == addr {
			found = node
		}
	}
	return found
}

var errTooFew = errors.New("too few replicas confirmed the write")

// confirm sends the script and WAIT in one go. WAIT means what its own
// connection wrote before.
func (k *keyspace) confirm(ctx context.Context, node *redis.Client, asking bool, script *redis.Script, key string, args []any) (reply *redis.Cmd, unconfirmed error) {
	send := func(run func(context.Context, redis.Scripter, []string, ...any) *redis.Cmd) error {
		var wait *redis.Cmd
		_, err := node.Pipelined(ctx, func(p redis.Pipeliner) error {
			if asking {
				p.Do(ctx, "asking")
			}
			reply = run(ctx, p, []string{key}, args...)
			wait = p.Do(ctx, "wait", k.acks.replicas, k.acks.patience(ctx).Milliseconds())
			return nil
		})
		switch n, waited := wait.Int64(); {
		case waited != nil:
			return waited
		case err != nil && reply.Err() == nil: // the pipeline was not sent
			return err
		case n < int64(k.acks.replicas):
			return fmt.Errorf("redisstore: %w: %d of %d", errTooFew, n, k.acks.replicas)
		}
		return nil
	}
	unconfirmed = send(script.EvalSha)
	if redis.HasErrorPrefix(reply.Err(), "NOSCRIPT") {
		unsent(args)
		unconfirmed = send(script.Eval)
	}
	return reply, unconfirmed
}

// patience returns how long WAIT may take: zero would be for ever.
func (a acks) patience(ctx context.Context) time.Duration {
	patience := a.timeout
	if deadline, ok := ctx.Deadline(); ok {
		patience = min(patience, time.Until(deadline))
	}
	return max(patience, time.Millisecond)
}

// failed returns the result of a command that could not be sent.
func failed(ctx context.Context, err error) *redis.Cmd {
	cmd := redis.NewCmd(ctx)
	cmd.SetErr(err)
	return cmd
}
