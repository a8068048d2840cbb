package memstore

// byEnd orders entries by when they end.
type byEnd[T any] struct{}

func (byEnd[T]) at(e *entry[T]) int64   { return e.end() }
func (byEnd[T]) pos(e *entry[T]) *int32 { return &e.pos }

// byUse orders entries by when they were last used.
type byUse[T any] struct{}

func (byUse[T]) at(e *entry[T]) int64   { return int64(e.used.Load()) }
func (byUse[T]) pos(e *entry[T]) *int32 { return &e.usePos }
