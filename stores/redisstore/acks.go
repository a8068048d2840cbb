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

// maxRedirects bounds how often a cluster may send one attempt to another node.
const maxRedirects = 4

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

// checkAcks reports why the client cannot wait for replicas.
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

// sendConfirmed sends a script and waits for replicas. WAIT asks about writes of its
// own connection, so in a cluster the command must go to the right node at once.
func (k *keyspace) sendConfirmed(ctx context.Context, command func() once, key string) (cmd once, unconfirmed error) {
	c, clustered := k.client.(*redis.ClusterClient)
	if !clustered {
		return k.sendAndWait(ctx, k.client.(*redis.Client), false, command())
	}
	node, err := c.MasterForKey(ctx, key)
	if err != nil {
		cmd = command()
		cmd.SetErr(err)
		return cmd, nil
	}
	asking := false
	for range maxRedirects {
		cmd, unconfirmed = k.sendAndWait(ctx, node, asking, command())
		next, ask := redirect(ctx, c, cmd.Err())
		if next == nil {
			return cmd, unconfirmed
		}
		node, asking = next, ask
	}
	return cmd, unconfirmed
}

// redirect returns the node to which the cluster redirects a command; nil if it
// does not.
func redirect(ctx context.Context, c *redis.ClusterClient, err error) (node *redis.Client, asking bool) {
	addr, moved := redis.IsMovedError(err)
	if moved {
		c.ReloadState(ctx)
		return at(ctx, c, addr), false
	}
	if addr, asking = redis.IsAskError(err); asking {
		return at(ctx, c, addr), true
	}
	if refused(err) {
		return nil, false
	}
	if err != nil { // the connection broke: another attempt may need another node
		c.ReloadState(ctx)
	}
	return nil, false
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

// sendAndWait sends the script and WAIT in one go.
func (k *keyspace) sendAndWait(ctx context.Context, node *redis.Client, asking bool, cmd once) (_ once, unconfirmed error) {
	var wait *redis.Cmd
	err, over := within(ctx, k.patient, func() error {
		_, err := node.Pipelined(ctx, func(p redis.Pipeliner) error {
			if asking {
				p.Do(ctx, "asking")
			}
			p.Process(ctx, cmd)
			wait = p.Do(ctx, "wait", k.acks.replicas, k.acks.patience(ctx).Milliseconds())
			return nil
		})
		return err
	})
	if !over { // the client still has the command
		left := once{redis.NewCmd(ctx)}
		left.SetErr(err)
		return left, nil
	}
	if err != nil && cmd.Err() == nil && (wait == nil || wait.Err() == nil) { // the pipeline was not sent
		cmd.SetErr(err)
		return cmd, nil
	}
	n, waited := wait.Int64()
	switch {
	case waited != nil:
		return cmd, waited
	case n < int64(k.acks.replicas):
		return cmd, fmt.Errorf("redisstore: %w: %d of %d", errTooFew, n, k.acks.replicas)
	}
	return cmd, nil
}

// patience returns how long WAIT may take: zero would be for ever.
func (a acks) patience(ctx context.Context) time.Duration {
	patience := a.timeout
	if deadline, ok := ctx.Deadline(); ok {
		patience = min(patience, time.Until(deadline))
	}
	return max(patience, time.Millisecond)
}
