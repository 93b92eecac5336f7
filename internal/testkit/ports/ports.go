// Package ports finds ports for servers that a test starts as programs of
// their own, and that therefore cannot be handed a listener.
package ports

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// The kernel hands out ports from 32768 on, to whoever asks for any and to
// every outgoing connection. A port from there that is free now may be taken
// before its server listens; below it nobody takes one by chance.
const first, last = 15000, 32000

var (
	mu    sync.Mutex
	given = map[int]bool{}
)

// Free gives n different ports on which nothing listens now, and which no
// earlier call in this process gave.
func Free(n int) ([]int, error) {
	mu.Lock()
	defer mu.Unlock()
	var out []int
	for range 100 * n {
		port := first + rand.IntN(last-first)
		if given[port] || !free(port) {
			continue
		}
		given[port] = true
		if out = append(out, port); len(out) == n {
			return out, nil
		}
	}
	return nil, fmt.Errorf("found %d of %d free ports between %d and %d", len(out), n, first, last)
}

// free tells whether a server could listen on the port, by name and by number.
func free(port int) bool {
	for _, host := range []string{"localhost", "127.0.0.1", ""} {
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err != nil {
			return false
		}
		l.Close()
	}
	return true
}
