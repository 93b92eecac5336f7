package reactions

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/stream"
)

// How often something that does not work is tried: in a row with growing
// pauses, and then each time that the stream gives it again.
const (
	retries     = 4
	retryFirst  = 50 * time.Millisecond
	retryMost   = 2 * time.Second
	retryJitter = 0.5
	// triesInternal is after how many givings of a commit a failure of the
	// program itself is put aside, so that it does not stop the reaction for good.
	triesInternal = 20
)

// failure is that a reaction cannot be carried out, whenever it is tried.
type failure struct {
	code, rule string
	cause      string // id of the event
}

func (f *failure) Error() string { return "reactions: refused with " + f.code + " (" + f.rule + ")" }

// lasting tells whether an error goes to what is put aside.
func lasting(err error) bool {
	var f *failure
	var p middleware.RecoveredPanicError
	return errors.As(err, &f) || errors.As(err, &p)
}

// route runs Watermill's router with a handler for each reaction until ctx
// ends, or until another instance has taken over.
func (r *Runner) route(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	levels := map[slog.Level]slog.Level{slog.LevelInfo: slog.LevelDebug, slog.LevelError: slog.LevelDebug}
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: 30 * time.Second}, watermill.NewSlogLoggerWithLevelMapping(r.log, levels))
	if err != nil {
		return err
	}
	poison, err := middleware.PoisonQueueWithFilter(letters{r.state, r.log}, "casefile.deadletter", lasting)
	if err != nil {
		return err
	}
	retry := middleware.Retry{MaxRetries: retries, InitialInterval: retryFirst, MaxInterval: retryMost, Multiplier: 3, RandomizationFactor: retryJitter,
		ShouldRetry: func(p middleware.RetryParams) bool { return !lasting(p.Err) }}
	// The first is the outermost: the checkpoint moves when all the others are
	// content, be it that the message was put aside.
	router.AddMiddleware(r.checkpoint(cancel), middleware.Recoverer, middleware.CorrelationID, poison, retry.Middleware, middleware.Recoverer)
	var subscribers []message.Subscriber
	for _, l := range r.lanes {
		sub := stream.NewSubscriber(&sieve{r.tools.Store, l}, l.position.Load, stream.Options{Log: r.log})
		subscribers = append(subscribers, sub)
		router.AddConsumerHandler(l.Name(), stream.Topic, sub, func(m *message.Message) error { return r.receive(l, m) })
	}
	if len(r.lanes) == 0 {
		<-ctx.Done()
		return nil
	}
	err = router.Run(ctx)
	for _, s := range subscribers {
		err = errors.Join(err, s.Close())
	}
	if cause := context.Cause(ctx); errors.Is(cause, errLost) {
		return cause
	}
	if err == nil && ctx.Err() == nil {
		err = errors.New("reactions: the router ended by itself")
	}
	return err
}

// sieve gives a reaction only the commits with an event that it reads.
type sieve struct {
	eventstore.Store
	lane *lane
}

func (s *sieve) Subscribe(ctx context.Context, after uint64, f func(*eventstore.Commit) error) error {
	return s.Store.Subscribe(ctx, after, func(c *eventstore.Commit) error {
		if s.lane.wants(c) {
			if err := f(c); err != nil {
				return err
			}
		}
		s.lane.passed.Store(c.Position)
		return nil
	})
}

// checkpoint moves a reaction's checkpoint once its message was dealt with. If
// that cannot be noted the message is given again, which does no harm.
func (r *Runner) checkpoint(lost context.CancelCauseFunc) message.HandlerMiddleware {
	return func(h message.HandlerFunc) message.HandlerFunc {
		return func(m *message.Message) ([]*message.Message, error) {
			out, err := h(m)
			if err != nil {
				return out, err
			}
			c, err := stream.CommitOf(m)
			if err != nil {
				return nil, err
			}
			name := message.HandlerNameFromCtx(m.Context())
			if err := r.state.advance(m.Context(), name, c.Position); err != nil {
				if errors.Is(err, errLost) {
					lost(err)
				}
				return nil, err
			}
			for _, l := range r.lanes {
				if l.Name() == name {
					l.position.Store(c.Position)
				}
			}
			return out, nil
		}
	}
}

// receive runs a reaction on one commit.
func (r *Runner) receive(l *lane, m *message.Message) error {
	c, err := stream.CommitOf(m)
	if err != nil {
		return err
	}
	if id := c.Envelope.CorrelationID; id != "" {
		middleware.SetCorrelationID(id, m)
	}
	err = r.react(m.Context(), l, c)
	if err == nil {
		l.tries = 0
		return nil
	}
	if l.failing != c.Position {
		l.failing, l.tries = c.Position, 0
	}
	l.tries++
	if domain.AsError(err).Kind == domain.KindInternal && l.tries > triesInternal*(retries+1) {
		err = &failure{code: codeOf(err), rule: "C-2.1.4d"}
	}
	var f *failure
	if errors.As(err, &f) {
		m.Metadata.Set(metaCode, f.code)
		m.Metadata.Set(metaRule, f.rule)
		m.Metadata.Set(metaCause, f.cause)
		return err
	}
	if m.Context().Err() == nil && l.tries%(retries+1) == 1 {
		r.log.Warn("a reaction waits; it is tried again", "reaction", l.Name(), "position", c.Position, "code", codeOf(err))
	}
	return err
}

// react runs a reaction on the events of one commit. A *failure says that some
// of what follows was refused for good; all the rest was given.
func (r *Runner) react(ctx context.Context, l *lane, c *eventstore.Commit) error {
	events, err := commands.Decode(c)
	if err != nil {
		return &failure{code: "undecodable", rule: "C-2.1.4d", cause: c.Envelope.ID}
	}
	var failed *failure
	for i, e := range events {
		if !l.reads[e.Event.EventType()] {
			continue
		}
		cause := &Cause{Commit: c, ID: c.Envelope.Data.Events[i].ID, Recorded: e}
		em := &emitter{tools: &r.tools, reaction: l.Name(), cause: cause}
		err := l.React(ctx, &r.tools, cause, em.emit)
		if err != nil && !refusedForGood(err) {
			return fmt.Errorf("reactions: %s: %w", l.Name(), err)
		}
		if f := firstOf(err, em.refused); f != nil && failed == nil {
			f.cause, failed = cause.ID, f
		}
	}
	if failed != nil {
		return failed
	}
	return nil
}

// refusedForGood tells whether an error is an answer of a rule, and none about
// what is unavailable, in conflict or broken.
func refusedForGood(err error) bool {
	var e *domain.Error
	return errors.As(err, &e) && e.Kind != domain.KindUnavailable && e.Kind != domain.KindInternal && e.Code != "conflict"
}

// firstOf is the first refusal for good, or nil.
func firstOf(err error, refused []refusal) *failure {
	switch {
	case err != nil:
		e := domain.AsError(err)
		return &failure{code: e.Code, rule: e.Rule}
	case len(refused) > 0:
		return &failure{code: refused[0].code, rule: refused[0].rule}
	}
	return nil
}
