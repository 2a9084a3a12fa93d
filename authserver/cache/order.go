package cache

// recency is a list of entries by their last use. The zero value is empty.
type recency[V any] struct{ newest, oldest *entry[V] }

// add puts in an entry that is in no list, as the newest.
func (r *recency[V]) add(e *entry[V]) {
	e.older = r.newest
	if e.older == nil {
		r.oldest = e
	} else {
		e.older.newer = e
	}
	r.newest = e
}

// touch makes an entry of the list the newest.
func (r *recency[V]) touch(e *entry[V]) {
	if r.newest != e {
		r.remove(e)
		r.add(e)
	}
}

func (r *recency[V]) remove(e *entry[V]) {
	if e.newer == nil {
		r.newest = e.older
	} else {
		e.newer.older = e.older
	}
	if e.older == nil {
		r.oldest = e.newer
	} else {
		e.older.newer = e.newer
	}
	e.newer, e.older = nil, nil
}

// expiries is a heap (container/heap) of entries: the first expires first.
type expiries[V any] []*entry[V]

func (x expiries[V]) Len() int           { return len(x) }
func (x expiries[V]) Less(i, j int) bool { return x[i].expires.Before(x[j].expires) }

func (x expiries[V]) Swap(i, j int) {
	x[i], x[j] = x[j], x[i]
	x[i].queued, x[j].queued = i, j
}

// Push implements heap.Interface.
func (x *expiries[V]) Push(v any) {
	e, _ := v.(*entry[V])
	e.queued = len(*x)
	*x = append(*x, e)
}

// Pop implements heap.Interface.
func (x *expiries[V]) Pop() any {
	last := len(*x) - 1
	e := (*x)[last]
	(*x)[last] = nil // or the slice would keep it alive
	*x = (*x)[:last]
	if last < cap(*x)/2 { // a queue that was longer once does not keep its room
		*x = append(make(expiries[V], 0, last+last/4), *x...)
	}
	return e
}
