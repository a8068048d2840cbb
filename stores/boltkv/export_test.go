package boltkv

// Waiting returns how many writes wait for the one that is under way.
func (b *Backend) Waiting() int {
	b.writer.mu.Lock()
	defer b.writer.mu.Unlock()
	return len(b.writer.waiting)
}
