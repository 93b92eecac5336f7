package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/embedded"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/importing"
)

// world is the large stream on which P3 to P9 are measured.
type world struct {
	r        *run
	data     string // its data directory
	dossiers int
	stored   load // commits of P3's import
}

// large makes the stream by the import of P3, grows it, and measures the rest.
func (r *run) large(ctx context.Context) error {
	w := &world{r: r, data: r.path("large"), dossiers: min(max(r.o.Events/150, 2*thick), mostDossiers)}
	if err := w.imported(ctx); err != nil {
		return err
	}
	if r.wants("P11") {
		if err := w.ledger(ctx); err != nil {
			return err
		}
	}
	if !r.wants("P4") && !r.wants("P5") && !r.wants("P6") && !r.wants("P8") && !r.wants("P9") {
		return nil
	}
	if err := w.grow(ctx, w.data, w.dossiers, r.o.Events); err != nil {
		return err
	}
	// The rebuild of all views on SQLite is also what the others need.
	if err := w.rebuilds(ctx); err != nil {
		return err
	}
	if r.wants("P5") || r.wants("P6") {
		if err := w.reads(ctx); err != nil {
			return err
		}
	}
	if r.wants("P8") {
		if err := w.starts(ctx); err != nil {
			return err
		}
	}
	if r.wants("P9") {
		return w.memory(ctx)
	}
	return nil
}

// open opens an engine whose views stand still.
func open(ctx context.Context, data string) (*engine.Engine, error) {
	return engine.Open(ctx, engine.Options{Data: data, Create: true})
}

// with opens an engine for the time of f.
func with(ctx context.Context, data string, f func(*engine.Engine) error) error {
	e, err := open(ctx, data)
	if err != nil {
		return err
	}
	return errors.Join(f(e), e.Close())
}

// conn is the connection into the engine's embedded server.
func conn(e *engine.Engine) (*nats.Conn, error) {
	s, ok := e.Store.(*embedded.Store)
	if !ok {
		return nil, fmt.Errorf("the engine's store is a %T", e.Store)
	}
	return s.Conn(), nil
}

// imported imports the dossiers, which is P3: the first command of each, then
// the second of each, and so on. After each of these parts the reference
// publishes a sample of what was stored, so that both meet the same moments.
func (w *world) imported(ctx context.Context) (err error) {
	b, err := startBare(w.r.path("windows"), false)
	if err != nil {
		return err
	}
	defer b.close()
	if err := b.newStream(ctx); err != nil {
		return err
	}
	var value, ref load
	err = with(ctx, w.data, func(e *engine.Engine) error {
		if err := begin(ctx, e, 0); err != nil {
			return err
		}
		bar := w.r.bar("P3: importing", "commands")
		defer bar.Done()
		for k := range steps {
			before, err := e.Store.Head(ctx)
			if err != nil {
				return err
			}
			if err := w.importStep(ctx, e, k, &value); err != nil {
				return err
			}
			if w.r.wants("P3") {
				if err := w.publishSample(ctx, e, before, b, &ref); err != nil {
					return err
				}
			}
			bar.Update(uint64(value.count), float64(k+1)/steps)
		}
		head, err := e.Store.Head(ctx)
		w.stored = load{int(head), value.took}
		return err
	})
	if err != nil || !w.r.wants("P3") {
		return err
	}
	q := ref.rate()
	q.Note = "async, windows of 1,000"
	w.r.row("P3", fmt.Sprintf("import of %d interleaved dossiers, commands", w.dossiers), value.rate(), q, atLeast(0.4))
	return nil
}

// importStep imports the k-th command of every dossier from a file.
func (w *world) importStep(ctx context.Context, e *engine.Engine, k int, total *load) error {
	name := w.r.path("import.jsonl")
	if err := writeStep(name, w.dossiers, k); err != nil {
		return err
	}
	defer os.Remove(name)
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	var sum *importing.Summary
	began := time.Now()
	err = w.r.profiled("P3", func() (err error) {
		sum, err = importing.Lines(ctx, f, e.Commands, importing.Options{Caller: bringIn})
		return err
	})
	if err != nil {
		return err
	}
	total.add(load{int(sum.Accepted), time.Since(began)})
	if int(sum.Accepted) != w.dossiers {
		return fmt.Errorf("of %d lines %d were accepted: %v", w.dossiers, sum.Accepted, sum.ByCode)
	}
	return nil
}

// sampleMost bounds the messages of a sample, so that they are no burden to the
// reference's memory.
const sampleMost = 8 * window

// publishSample publishes the first commits after a position on a bare server,
// in windows.
func (w *world) publishSample(ctx context.Context, e *engine.Engine, after uint64, b *bare, total *load) error {
	var list []message
	err := e.Store.ReadAll(ctx, after, func(c *eventstore.Commit) error {
		list = append(list, message{c.Envelope.Ref().Subject(), payloadOf(c.Clear, c.Sealed)})
		if len(list) == sampleMost {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	began := time.Now()
	err = w.r.profiled("P3-reference", func() error { return b.publishWindows(ctx, list) })
	total.add(load{len(list), time.Since(began)})
	return err
}

var errEnough = errors.New("enough was read")

// grow fills a stream to the given number of events.
func (w *world) grow(ctx context.Context, data string, dossiers, events int) error {
	return with(ctx, data, func(e *engine.Engine) error {
		bar := w.r.bar("filling the stream", "events")
		defer bar.Done()
		return fill(ctx, e, dossiers, uint64(events), func(head uint64) { bar.Update(head, float64(head)/float64(events)) })
	})
}

func dossierRef(i int) domain.Ref {
	return domain.Ref{Agency: agency, Kind: domain.KindDossier, ID: dossierID(i)}
}
