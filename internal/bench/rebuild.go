package bench

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/internal/progress"
	"github.com/casefile-engine/casefile/internal/testkit/pgcluster"
	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/all"
	"github.com/casefile-engine/casefile/projections/readdb"
)

// prefixEvents is how much of the stream the further rebuilds read: all four in
// full would take most of the benchmark's time.
const prefixEvents = 1_000_000

// rebuilds builds all views on SQLite, and for P4 the rest: the registers alone,
// and both on PostgreSQL, each beside a plain reading of the same commits.
func (w *world) rebuilds(ctx context.Context) error {
	return with(ctx, w.data, func(e *engine.Engine) error {
		head, err := e.Store.Head(ctx)
		if err != nil {
			return err
		}
		full, err := w.rebuild(ctx, "all views on SQLite", head, func(f func(done, head uint64)) error { return e.Views.CatchUp(ctx, f) })
		if err != nil || !w.r.wants("P4") {
			return err
		}
		ref, err := w.plainRead(ctx, e, head)
		if err != nil {
			return err
		}
		w.r.row("P4", fmt.Sprintf("rebuild of all views, SQLite, %s events", progress.Count(head)), full, ref, atLeast(0.25))
		short := prefix{Store: e.Store, head: min(head, prefixEvents)}
		if ref, err = w.plainRead(ctx, e, short.head); err != nil {
			return err
		}
		if err := w.registers(ctx, "SQLite", readdb.Config{SQLitePath: w.r.path("registers.db")}, short, ref); err != nil {
			return err
		}
		return w.onPostgres(ctx, short, ref)
	})
}

// rebuild times one rebuild up to head.
func (w *world) rebuild(ctx context.Context, what string, head uint64, f func(progress func(done, head uint64)) error) (Quantity, error) {
	bar := w.r.bar("P4: "+what, "events")
	defer bar.Done()
	began := time.Now()
	err := w.r.profiled("P4-"+strings.ReplaceAll(what, " ", "-"), func() error {
		return f(func(done, head uint64) { bar.Update(done, float64(done)/float64(max(head, 1))) })
	})
	return rate(int(head), time.Since(began)), errors.Join(err, ctx.Err())
}

// plainRead reads the first n messages of the engine's stream.
func (w *world) plainRead(ctx context.Context, e *engine.Engine, n uint64) (Quantity, error) {
	nc, err := conn(e)
	if err != nil {
		return Quantity{}, err
	}
	bar := w.r.bar("P4: ordered consumer", "events")
	defer bar.Done()
	took, err := readOrdered(ctx, nc, int(n), func(i int) { bar.Update(uint64(i), float64(i)/float64(n)) })
	q := rate(int(n), took)
	q.Note = "ordered consumer"
	return q, err
}

// registers builds the registers alone in a database of their own.
func (w *world) registers(ctx context.Context, where string, c readdb.Config, s prefix, ref Quantity) error {
	var list []projections.Projection
	for _, p := range all.Projections() {
		for _, name := range all.Registers {
			if p.Name() == name {
				list = append(list, p)
			}
		}
	}
	q, err := w.build(ctx, "registers on "+where, c, s, list)
	if err == nil {
		w.r.row("P4", fmt.Sprintf("rebuild of the registers, %s, %s events", where, progress.Count(s.head)), q, ref, atLeast(0.5))
	}
	return err
}

// build builds projections in an empty database.
func (w *world) build(ctx context.Context, what string, c readdb.Config, s prefix, list []projections.Projection) (q Quantity, err error) {
	db, err := readdb.Open(ctx, c)
	if err != nil {
		return q, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	views, err := projections.NewRunner(db, s, commands.Decode, list, nil, nil)
	if err != nil {
		return q, err
	}
	return w.rebuild(ctx, what, s.head, func(f func(done, head uint64)) error { return views.CatchUp(ctx, f) })
}

func (w *world) onPostgres(ctx context.Context, s prefix, ref Quantity) (err error) {
	address, drop, err := w.postgres(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop()) }()
	q, err := w.build(ctx, "all views on PostgreSQL", readdb.Config{PostgresURL: address}, s, all.Projections())
	if err != nil {
		return err
	}
	w.r.row("P4", fmt.Sprintf("rebuild of all views, PostgreSQL, %s events", progress.Count(s.head)), q, ref, atLeast(0.25))
	return w.registers(ctx, "PostgreSQL", readdb.Config{PostgresURL: address, Schema: "casefile_registers"}, s, ref)
}

// postgres gives an empty database: one of its own on the server of the options,
// or on a private cluster that syncs as PostgreSQL does by default.
func (w *world) postgres(ctx context.Context) (address string, drop func() error, err error) {
	if w.r.o.PostgresURL == "" {
		c, err := pgcluster.Start(pgcluster.Options{Durable: true})
		if err != nil {
			return "", nil, fmt.Errorf("a private PostgreSQL cannot be started (on Debian: apt-get install postgresql, no running service is needed; or give the address of one): %w", err)
		}
		return c.Address("postgres"), func() error { c.Stop(); return nil }, nil
	}
	u, err := url.Parse(w.r.o.PostgresURL)
	if err != nil {
		return "", nil, errors.New("the address of PostgreSQL is no URL") // the error would repeat it, password and all
	}
	name := "casefile_bench_" + uuid.NewString()[:8]
	run := func(ctx context.Context, statement string) error {
		conn, err := pgx.Connect(ctx, w.r.o.PostgresURL)
		if err != nil {
			return err
		}
		_, err = conn.Exec(ctx, statement)
		return errors.Join(err, conn.Close(ctx))
	}
	if err := run(ctx, "CREATE DATABASE "+name); err != nil {
		return "", nil, err
	}
	u.Path = "/" + name
	return u.String(), func() error { return run(context.WithoutCancel(ctx), "DROP DATABASE "+name+" WITH (FORCE)") }, nil
}

// prefix is the beginning of a stream.
type prefix struct {
	eventstore.Store
	head uint64
}

func (p prefix) Head(context.Context) (uint64, error) { return p.head, nil }

func (p prefix) ReadAll(ctx context.Context, after uint64, f func(*eventstore.Commit) error) error {
	if after >= p.head {
		return nil
	}
	err := p.Store.ReadAll(ctx, after, func(c *eventstore.Commit) error {
		if err := f(c); err != nil {
			return err
		}
		if c.Position >= p.head {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}
