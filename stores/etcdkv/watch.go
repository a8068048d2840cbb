package etcdkv

import (
	"context"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// pause is how long a watch waits before it begins anew, if etcd has ended it.
const pause = time.Second

// Watch implements [kvstore.Watcher]. Its goroutine ends with stop, and with the client.
func (b *Backend) Watch(key string, changed func()) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	w := &watch{changed: changed}
	go func() {
		for {
			// A watch tells when it has begun, for writes that came before.
			for range b.client.Watch(clientv3.WithRequireLeader(ctx), b.prefix+key, clientv3.WithCreatedNotify()) {
				w.tell()
			}
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				return
			case <-b.client.Ctx().Done():
				return
			}
		}
	}()
	return func() {
		cancel()
		w.stop()
	}
}

type watch struct {
	mu      sync.Mutex
	changed func() // nil once the watch has been stopped
}

func (w *watch) tell() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.changed != nil {
		w.changed()
	}
}

func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changed = nil
}
