package main

import "sync"

// A hub passes messages on to all who have joined. The zero hub is empty.
type hub struct {
	mu      sync.Mutex
	members map[chan string]bool
}

// backlog is how many messages may wait for a slow member.
const backlog = 16

// join returns the messages from now on. The channel is closed for a member who is
// too slow. Leave must be called once.
func (h *hub) join() (messages <-chan string, leave func()) {
	member := make(chan string, backlog)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.members == nil {
		h.members = map[chan string]bool{}
	}
	h.members[member] = true
	return member, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.members, member)
	}
}

func (h *hub) send(text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for member := range h.members {
		select {
		case member <- text:
		default:
			delete(h.members, member)
			close(member)
		}
	}
}
