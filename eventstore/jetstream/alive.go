package jetstream

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/casefile-engine/casefile/eventstore"
)

// lostFor is how long a connection may be gone before what is asked over it is
// refused at once. A shorter break is waited for; after a longer one, whoever
// asks hears at once that nothing can be shown or stored, and not after Patience.
const lostFor = time.Second

// alive watches the store's connection to servers outside this process.
type alive struct{ since atomic.Int64 } // when it was lost, Unix nanoseconds; 0: it is there

// watchConnection follows the states of a connection until done is closed.
func watchConnection(nc *nats.Conn, done <-chan struct{}) *alive {
	a := &alive{}
	states := nc.StatusChanged(nats.CONNECTED, nats.RECONNECTING, nats.DISCONNECTED, nats.CLOSED)
	go func() {
		defer nc.RemoveStatusListener(states)
		for {
			select {
			case st := <-states:
				if st == nats.CONNECTED {
					a.since.Store(0)
				} else {
					a.since.CompareAndSwap(0, time.Now().UnixNano())
				}
			case <-done:
				return
			}
		}
	}()
	return a
}

// err says that the connection is gone for longer than a moment; nothing was sent.
func (a *alive) err() error {
	if a == nil {
		return nil
	}
	if at := a.since.Load(); at != 0 && time.Since(time.Unix(0, at)) > lostFor {
		return fmt.Errorf("%w: the connection to the NATS servers is lost since %s", eventstore.ErrUnavailable, time.Unix(0, at).UTC().Format(time.RFC3339))
	}
	return nil
}
