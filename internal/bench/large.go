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
}

// large makes the stream by the import of P3, grows it, and measures the rest.
func (r *run) large(ctx context.Context) error {
	w := &world{r: r, data: r.path("large"), dossiers: min(max(r.o.Events/150, 2*thick), 20_000)}
	if err := w.imported(ctx); err != nil {
		return err
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

// imported imports the dossiers, which is P3, and then publishes a part of what
// was stored on a bare server, without waiting for each message.
func (w *world) imported(ctx context.Context) error {
	file := w.r.path("import.jsonl")
	if err := writeLines(file, w.dossiers); err != nil {
		return err
	}
	defer os.Remove(file)
	var value Quantity
	var sample []message
	err := with(ctx, w.data, func(e *engine.Engine) (err error) {
		if value, err = w.importFile(ctx, e, file); err == nil && w.r.wants("P3") {
			sample, err = w.sample(ctx, e)
		}
		return err
	})
	if err != nil || !w.r.wants("P3") {
		return err
	}
	ref, err := w.published(ctx, sample)
	if err == nil {
		w.r.row("P3", fmt.Sprintf("import of %d interleaved dossiers, commands", w.dossiers), value, ref, atLeast(0.4))
	}
	return err
}

func (w *world) importFile(ctx context.Context, e *engine.Engine, name string) (Quantity, error) {
	if err := begin(ctx, e, 0); err != nil {
		return Quantity{}, err
	}
	f, err := os.Open(name)
	if err != nil {
		return Quantity{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Quantity{}, err
	}
	bar := w.r.bar("P3: importing", "lines")
	defer bar.Done()
	var sum *importing.Summary
	began := time.Now()
	err = w.r.profiled("P3", func() (err error) {
		sum, err = importing.Lines(ctx, f, e.Commands, importing.Options{Caller: bringIn, Size: info.Size(), Progress: bar.Update})
		return err
	})
	took := time.Since(began)
	if err == nil && int(sum.Accepted) != w.dossiers*steps {
		err = fmt.Errorf("of %d lines %d were accepted: %v", w.dossiers*steps, sum.Accepted, sum.ByCode)
	}
	if err != nil {
		return Quantity{}, err
	}
	return rate(int(sum.Accepted), took), nil
}

// sampleEvery is how much of the stored commits the reference publishes: one of
// so many, so that they need not be a burden to its memory.
const sampleEvery = 3

func (w *world) sample(ctx context.Context, e *engine.Engine) (list []message, err error) {
	err = e.Store.ReadAll(ctx, 0, func(c *eventstore.Commit) error {
		if c.Position%sampleEvery == 0 {
			list = append(list, message{c.Envelope.Ref().Subject(), payloadOf(c.Clear, c.Sealed)})
		}
		return nil
	})
	return list, err
}

// published publishes messages on a bare server, in windows.
func (w *world) published(ctx context.Context, list []message) (Quantity, error) {
	b, err := startBare(w.r.path("windows"), false)
	if err != nil {
		return Quantity{}, err
	}
	defer b.close()
	if err := b.newStream(ctx); err != nil {
		return Quantity{}, err
	}
	began := time.Now()
	err = w.r.profiled("P3-reference", func() error { return b.publishWindows(ctx, list) })
	q := rate(len(list), time.Since(began))
	q.Note = "async, windows of 1,000"
	return q, err
}

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
