package session

// OwnerOf is for tests of what no stored type can show.
func OwnerOf[T any](v *T) string { return ownerOf(v) }
