package jetstream

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/casefile-engine/casefile/eventstore"
)

// The headers of the server that carry expectations and make atomic batches.
const (
	hdrExpectSubject = "Nats-Expected-Last-Subject-Sequence"
	hdrExpectStream  = "Nats-Expected-Last-Sequence"
	hdrBatchID       = "Nats-Batch-Id"
	hdrBatchSeq      = "Nats-Batch-Sequence"
	hdrBatchCommit   = "Nats-Batch-Commit"
)

// The server's error codes for expectations.
const (
	codeWrongLast = 10071 // the expectation does not hold
	codeInFlight  = 10164 // another message on the subject is on its way
)

// errNoResponders: no server took the message, so it is not stored.
var errNoResponders = errors.New("no server answers for the stream")

// ack is the server's answer to one message.
type ack struct {
	seq uint64
	err error // *js.APIError, errNoResponders or a decoding error
}

// waiter waits for the answer to one message.
type waiter struct {
	leaf    eventstore.Leaf
	payload []byte
	sent    time.Time
	ch      chan ack // room for one
}

// publisher sends messages and hands out their answers. All answers come over
// one subscription, so in the order in which the server stored the messages.
type publisher struct {
	nc     *nats.Conn
	syncer Syncer  // may be nil
	recent *recent // may be nil
	prefix string
	sub    *nats.Subscription

	mu      sync.Mutex
	next    uint64
	waiters map[uint64]*waiter
}

func newPublisher(nc *nats.Conn, s Syncer, r *recent) (*publisher, error) {
	p := &publisher{nc: nc, syncer: s, recent: r, prefix: nc.NewInbox() + ".", waiters: map[uint64]*waiter{}}
	sub, err := nc.Subscribe(p.prefix+"*", p.answer)
	if err != nil {
		return nil, err
	}
	// An answer is small, and a lost one costs a read-back; never drop any.
	_ = sub.SetPendingLimits(-1, -1)
	p.sub = sub
	return p, nil
}

func (p *publisher) close() { _ = p.sub.Unsubscribe() }

// send puts a message on its way; the waiter gets the answer. A waiter that
// nobody waits for any more stays until its answer comes, so that the syncer
// hears of every commit; one that is older than a minute is given up.
func (p *publisher) send(subject string, h nats.Header, payload []byte, leaf eventstore.Leaf) (*waiter, error) {
	w := &waiter{leaf: leaf, payload: payload, ch: make(chan ack, 1), sent: time.Now()}
	p.mu.Lock()
	p.next++
	id := p.next
	p.waiters[id] = w
	p.mu.Unlock()
	err := p.nc.PublishMsg(&nats.Msg{Subject: subject, Reply: p.prefix + strconv.FormatUint(id, 36), Header: h, Data: payload})
	if err != nil {
		p.mu.Lock()
		delete(p.waiters, id)
		p.mu.Unlock()
		return nil, err
	}
	return w, nil
}

// prune forgets the waiters whose answer will not come.
func (p *publisher) prune() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, w := range p.waiters {
		if time.Since(w.sent) > time.Minute {
			delete(p.waiters, id)
		}
	}
}

func (p *publisher) answer(m *nats.Msg) {
	id, err := strconv.ParseUint(m.Subject[len(p.prefix):], 36, 64)
	if err != nil {
		return
	}
	p.mu.Lock()
	w := p.waiters[id]
	delete(p.waiters, id)
	p.mu.Unlock()
	if w == nil {
		return
	}
	a := parseAck(m)
	if a.err == nil && p.recent != nil {
		p.recent.put(a.seq, w.payload) // before anybody can hear that it is synced
	}
	if a.err == nil && p.syncer != nil {
		p.syncer.Stored(a.seq, w.leaf)
	}
	w.ch <- a
}

func parseAck(m *nats.Msg) ack {
	if len(m.Data) == 0 && m.Header.Get("Status") == "503" {
		return ack{err: errNoResponders}
	}
	// The usual answer is {"stream":"CASEFILE","seq":123}.
	if rest, ok := bytes.CutPrefix(m.Data, []byte(`{"stream":"`+StreamName+`","seq":`)); ok {
		n, i := uint64(0), 0
		for ; i < len(rest) && rest[i]-'0' <= 9; i++ {
			n = n*10 + uint64(rest[i]-'0')
		}
		if n > 0 && i == len(rest)-1 && rest[i] == '}' {
			return ack{seq: n}
		}
	}
	var r struct {
		Error *js.APIError `json:"error"`
		Seq   uint64       `json:"seq"`
	}
	if err := json.Unmarshal(m.Data, &r); err != nil {
		return ack{err: err}
	}
	if r.Error != nil {
		return ack{err: r.Error}
	}
	if r.Seq == 0 {
		return ack{err: errors.New("an answer without a position")}
	}
	return ack{seq: r.Seq}
}

// code is the server's error code in err; 0 if it has none.
func code(err error) int {
	var e *js.APIError
	if errors.As(err, &e) {
		return int(e.ErrorCode)
	}
	return 0
}
