package vault

import "container/list"

// lru is a bounded map that forgets what was used least recently. Its owner
// locks it.
type lru[K comparable, V any] struct {
	max     int
	order   *list.List // of entry, the most recently used in front
	entries map[K]*list.Element
	dropped func(V) // is called with each value that leaves
}

type entry[K comparable, V any] struct {
	key   K
	value V
}

func newLRU[K comparable, V any](max int, dropped func(V)) *lru[K, V] {
	return &lru[K, V]{max: max, order: list.New(), entries: map[K]*list.Element{}, dropped: dropped}
}

func (l *lru[K, V]) get(k K) (v V, ok bool) {
	e, ok := l.entries[k]
	if !ok {
		return v, false
	}
	l.order.MoveToFront(e)
	return e.Value.(*entry[K, V]).value, true
}

func (l *lru[K, V]) put(k K, v V) {
	if e, ok := l.entries[k]; ok {
		old := e.Value.(*entry[K, V])
		l.dropped(old.value)
		old.value = v
		l.order.MoveToFront(e)
		return
	}
	l.entries[k] = l.order.PushFront(&entry[K, V]{k, v})
	if l.order.Len() > l.max {
		l.remove(l.order.Back().Value.(*entry[K, V]).key)
	}
}

func (l *lru[K, V]) remove(k K) {
	if e, ok := l.entries[k]; ok {
		delete(l.entries, k)
		l.dropped(l.order.Remove(e).(*entry[K, V]).value)
	}
}

func (l *lru[K, V]) clear() {
	for k := range l.entries {
		l.remove(k)
	}
}
