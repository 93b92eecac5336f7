package auth

import (
	"sync"
	"time"
)

// limiter counts attempts by key within a window and says when the next one is
// allowed. It lives in memory: a restart forgives, which costs an attacker
// more than it gives.
//
// Ownership: mu guards all fields.
type limiter struct {
	mu     sync.Mutex
	most   int
	window time.Duration
	keys   map[string]*attempts
	swept  time.Time
}

type attempts struct {
	count int
	until time.Time // when the count starts anew
}

// maxKeys bounds the memory that strangers can make us use; when it is
// reached, the table starts anew after a sweep that freed too little.
const maxKeys = 100_000

func newLimiter(most int, window time.Duration) *limiter {
	return &limiter{most: most, window: window, keys: map[string]*attempts{}}
}

// take counts one attempt. When there have been too many, ok is false and wait
// says how long until the next may be made.
func (l *limiter) take(now time.Time, key string) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep(now)
	a := l.keys[key]
	if a == nil || !now.Before(a.until) {
		a = &attempts{until: now.Add(l.window)}
		l.keys[key] = a
	}
	if a.count >= l.most {
		return a.until.Sub(now), false
	}
	a.count++
	return 0, true
}

// back takes one attempt off again: it succeeded.
func (l *limiter) back(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if a := l.keys[key]; a != nil && a.count > 0 {
		a.count--
	}
}

func (l *limiter) sweep(now time.Time) {
	if len(l.keys) < maxKeys && now.Sub(l.swept) < l.window {
		return
	}
	l.swept = now
	for k, a := range l.keys {
		if !now.Before(a.until) {
			delete(l.keys, k)
		}
	}
	if len(l.keys) >= maxKeys {
		clear(l.keys)
	}
}
