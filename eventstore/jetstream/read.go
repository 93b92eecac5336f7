package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/nats-io/nats.go"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
)

// request sends one request and maps the errors of the connection.
func (s *Store) request(ctx context.Context, subject string, data []byte) (*nats.Msg, error) {
	if s.life.Err() != nil {
		return nil, errClosed
	}
	if err := s.alive.err(); err != nil {
		return nil, err
	}
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.o.Patience)
		defer cancel()
	}
	m, err := s.o.Reads.RequestMsgWithContext(ctx, &nats.Msg{Subject: subject, Data: data})
	switch {
	case err == nil:
		return m, nil
	case errors.Is(err, context.Canceled):
		return nil, err
	}
	return nil, fmt.Errorf("%w: %w", eventstore.ErrUnavailable, err)
}

// At implements eventstore.Store. Any server of the stream may answer, as a
// position's commit never changes; only a position that one of them does not
// have is asked for at the leader.
func (s *Store) At(ctx context.Context, position uint64) (*eventstore.Commit, error) {
	q := `{"seq":` + strconv.FormatUint(position, 10) + `}`
	m, err := s.request(ctx, "$JS.API.DIRECT.GET."+StreamName, []byte(q))
	if err != nil {
		return nil, err
	}
	c, err := s.direct(m)
	if !s.o.Sole && errors.Is(err, eventstore.ErrNotFound) {
		return s.fromLeader(ctx, q)
	}
	return c, err
}

// Last implements eventstore.Store. On a stream with other writers the leader
// is asked, since the others may be behind.
func (s *Store) Last(ctx context.Context, ref domain.Ref) (*eventstore.Commit, error) {
	if !s.o.Sole {
		q, err := json.Marshal(map[string]string{"last_by_subj": ref.Subject()})
		if err != nil {
			return nil, err
		}
		return s.fromLeader(ctx, string(q))
	}
	m, err := s.request(ctx, "$JS.API.DIRECT.GET."+StreamName+"."+ref.Subject(), nil)
	if err != nil {
		return nil, err
	}
	return s.direct(m)
}

// direct decodes the answer of a direct get.
func (s *Store) direct(m *nats.Msg) (*eventstore.Commit, error) {
	switch status := m.Header.Get("Status"); status {
	case "":
	case "404":
		return nil, eventstore.ErrNotFound
	default:
		return nil, fmt.Errorf("%w: status %s", eventstore.ErrUnavailable, status)
	}
	pos, err := strconv.ParseUint(m.Header.Get("Nats-Sequence"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%w: an answer without a position", eventstore.ErrUnavailable)
	}
	return s.decode(pos, m.Data)
}

// fromLeader asks the leader of the stream for one message.
func (s *Store) fromLeader(ctx context.Context, query string) (*eventstore.Commit, error) {
	m, err := s.request(ctx, "$JS.API.STREAM.MSG.GET."+StreamName, []byte(query))
	if err != nil {
		return nil, err
	}
	var r struct {
		Error *struct {
			Code int `json:"err_code"`
		} `json:"error"`
		Message struct {
			Seq  uint64 `json:"seq"`
			Data []byte `json:"data"`
		} `json:"message"`
	}
	if err := json.Unmarshal(m.Data, &r); err != nil {
		return nil, fmt.Errorf("%w: %w", eventstore.ErrUnavailable, err)
	}
	const noMessage = 10037
	switch {
	case r.Error != nil && r.Error.Code == noMessage:
		return nil, eventstore.ErrNotFound
	case r.Error != nil:
		return nil, fmt.Errorf("%w: server code %d", eventstore.ErrUnavailable, r.Error.Code)
	}
	return s.decode(r.Message.Seq, r.Message.Data)
}

// Own has the store refuse, as damage, every commit of which wrote says that this
// store did not write it: a server that others reach may hold theirs.
func (s *Store) Own(wrote func(clear []byte) bool) { s.own.Store(&wrote) }

// decode takes what the server gave for a commit.
func (s *Store) decode(position uint64, payload []byte) (*eventstore.Commit, error) {
	c, err := eventstore.Unmarshal(payload)
	if err != nil {
		return nil, fmt.Errorf("position %d: %w", position, err)
	}
	if wrote := s.own.Load(); wrote != nil && !(*wrote)(c.Clear) {
		return nil, fmt.Errorf("position %d: %w: it does not bear this store's code, another program put it onto the stream", position, eventstore.ErrDamaged)
	}
	c.Position = position
	return c, nil
}

// ReadAggregate implements eventstore.Store. It holds the commits of the walk
// in memory, since it goes from the newest to the oldest and gives them the
// other way.
func (s *Store) ReadAggregate(ctx context.Context, ref domain.Ref, after uint64, f func(*eventstore.Commit) error) error {
	var walk []*eventstore.Commit
	c, err := s.Last(ctx, ref)
	if errors.Is(err, eventstore.ErrNotFound) {
		return nil
	}
	for {
		if err != nil {
			return err
		}
		if c.Position <= after {
			break
		}
		walk = append(walk, c)
		prev := c.Envelope.PrevPosition
		if prev <= after {
			break
		}
		next, aerr := s.At(ctx, prev)
		if err = chain(ref, c, next, aerr); err == nil {
			c = next
		}
	}
	for _, c := range slices.Backward(walk) {
		if err := f(c); err != nil {
			return err
		}
	}
	return nil
}

// chain checks that prev is the commit that c names as the one before it.
func chain(ref domain.Ref, c, prev *eventstore.Commit, err error) error {
	switch {
	case errors.Is(err, eventstore.ErrNotFound):
		return fmt.Errorf("%w: position %d, which position %d names as its predecessor, is missing", eventstore.ErrDamaged, c.Envelope.PrevPosition, c.Position)
	case err != nil:
		return err
	case prev.Envelope.Ref() != ref || eventstore.LeafHash(prev.Clear).String() != c.Envelope.PrevLeaf:
		return fmt.Errorf("%w: position %d is not the predecessor that position %d names", eventstore.ErrDamaged, prev.Position, c.Position)
	}
	return nil
}
