package etcdkv

import (
	"context"
	"maps"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// leases are the backend's leases, by their ends. A key outlives its end by less than a
// sixteenth of its life, and a second. When etcd's leader changes, leases begin anew, so
// that keys stay for longer.
type leases struct {
	grant func(ctx context.Context, seconds int64) (*clientv3.LeaseGrantResponse, error)

	mu    sync.Mutex
	byEnd map[int64]clientv3.LeaseID // in Unix seconds
}

// longest is the longest life that needs a lease. Longer ones would overflow.
const longest = 100 * 365 * 24 * time.Hour

// until returns a lease that ends soon after a time, and none for keys without an end.
func (l *leases) until(ctx context.Context, end time.Time) (clientv3.LeaseID, error) {
	now := time.Now()
	left := end.Sub(now)
	if end.IsZero() || left > longest {
		return clientv3.NoLease, nil
	}
	step := int64(max(left/16/time.Second, 1))
	for step&(step-1) != 0 { // few steps make few leases
		step &= step - 1
	}
	at := (max(end.Unix(), now.Unix())/step + 1) * step
	l.mu.Lock()
	id, ok := l.byEnd[at]
	l.mu.Unlock()
	if ok {
		return id, nil
	}
	lease, err := l.grant(ctx, at-now.Unix()+1)
	if err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byEnd == nil {
		l.byEnd = make(map[int64]clientv3.LeaseID)
	}
	maps.DeleteFunc(l.byEnd, func(at int64, _ clientv3.LeaseID) bool { return at <= now.Unix() })
	l.byEnd[at] = lease.ID
	return lease.ID, nil
}

// forget drops a lease that is gone.
func (l *leases) forget(id clientv3.LeaseID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.byEnd, func(_ int64, other clientv3.LeaseID) bool { return other == id })
}
