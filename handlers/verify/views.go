package verify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/blocks"
	"github.com/casefile-engine/casefile/eventstore/scrub"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/all"
	"github.com/casefile-engine/casefile/projections/commits"
	"github.com/casefile-engine/casefile/projections/readdb"
)

// openViews opens the views, as they are.
func (v *run) openViews(ctx context.Context) error {
	if v.o.Live != nil {
		v.views = v.o.Live.DB
		return nil
	}
	path, err := v.settled(filepath.Join(v.o.Data, "views.db"))
	if err != nil {
		return err
	}
	db, err := readdb.OpenReadOnly(ctx, readdb.Config{SQLitePath: path})
	if err != nil {
		return err
	}
	v.closers = append(v.closers, db.Close)
	v.views = db
	return nil
}

// compareViews builds every view a second time from the stream, as far as it is,
// and compares the two.
func (v *run) compareViews(ctx context.Context, opened error) error {
	note := ""
	switch {
	case errors.Is(opened, fs.ErrNotExist):
		note = "there are none; the next start makes them from the stream"
	case opened != nil:
		v.view(scrub.Damaged, "the database of the views cannot be opened: "+firstLine(opened.Error()))
	case v.spoiled():
		note = "not compared: the stream itself is not whole"
	case v.head == 0 && v.stream == nil && v.o.Live == nil:
		note = "not compared: there is no stream"
	default:
		n, err := v.compareAll(ctx)
		if err != nil {
			return err
		}
		v.r.Looked("views", "rows of each view against those that the stream gives", n, "")
		return nil
	}
	v.r.Looked("views", "rows of each view against those that the stream gives", 0, note)
	return nil
}

// spoiled tells whether something is wrong with the stream.
func (v *run) spoiled() bool {
	return slices.ContainsFunc(v.r.Findings, func(f scrub.Finding) bool { return f.Part == "stream" || f.Part == "journal" })
}

func (v *run) view(k scrub.Kind, message string) {
	v.r.Add(scrub.Finding{Kind: k, Part: "views", Message: message, File: "views.db"})
}

func (v *run) compareAll(ctx context.Context) (rows uint64, err error) {
	if verdict, err := v.views.Integrity(ctx); err != nil {
		return 0, err
	} else if verdict != "" {
		v.view(scrub.Damaged, "SQLite finds its file damaged: "+firstLine(verdict)+"; the views can be made again: casefile rebuild")
		return 0, nil
	}
	snap, err := v.views.Snapshot(ctx)
	if err != nil {
		v.view(scrub.Damaged, "the views cannot be read: "+firstLine(err.Error()))
		return 0, nil
	}
	defer snap.Close()
	points, err := snap.Checkpoints(ctx)
	if err != nil {
		v.view(scrub.Damaged, "the checkpoints of the views cannot be read: "+firstLine(err.Error()))
		return 0, nil
	}
	groups := map[uint64][]projections.Projection{}
	for _, p := range all.Projections() {
		c, ok := points[p.Name()]
		switch {
		case !ok || c.Generation == 0 || c.Version != p.Version(): // made anew by the next start
		case c.Position > v.head:
			v.view(scrub.Altered, fmt.Sprintf("the view %s is at position %d, and the stream ends at %d", p.Name(), c.Position, v.head))
		default:
			groups[c.Position] = append(groups[c.Position], p)
		}
	}
	for _, position := range slices.Sorted(maps.Keys(groups)) {
		n, err := v.compareAt(ctx, snap, points, position, groups[position])
		if err != nil {
			return rows, err
		}
		rows += n
	}
	return rows, nil
}

// inMemory is the size of a stream in commits up to which views are built in memory.
const inMemory = 50_000

// second gives a database for building views a second time.
func (v *run) second(ctx context.Context, position uint64) (*readdb.DB, error) {
	if position <= inMemory {
		return readdb.OpenMemory(ctx)
	}
	dir, err := v.temporary()
	if err != nil {
		return nil, err
	}
	return readdb.Open(ctx, readdb.Config{SQLitePath: filepath.Join(dir, fmt.Sprintf("rebuilt-%d.db", position))})
}

// compareAt compares the views that are at one position.
func (v *run) compareAt(ctx context.Context, live *readdb.Snapshot, points map[string]readdb.Checkpoint, position uint64, list []projections.Projection) (rows uint64, err error) {
	db := v.o.built
	if db == nil {
		if db, err = v.build(ctx, position, list); err != nil {
			return 0, err
		}
		defer db.Close()
	}
	built, err := db.Snapshot(ctx)
	if err != nil {
		return 0, err
	}
	defer built.Close()
	for _, p := range list {
		n, err := v.compareOne(ctx, p, live, points[p.Name()], built)
		if err != nil {
			return rows, err
		}
		rows += n
	}
	return rows, nil
}

// build builds views from the stream up to a position. One that stalls there does
// so both times; its position tells.
func (v *run) build(ctx context.Context, position uint64, list []projections.Projection) (*readdb.DB, error) {
	db, err := v.second(ctx, position)
	if err != nil {
		return nil, err
	}
	r, err := projections.NewRunner(db, &upTo{run: v, head: position}, commands.Decode, list, nil, nil)
	if err == nil {
		_ = r.CatchUp(ctx, func(done, head uint64) { v.tell("views", done, head) })
		err = ctx.Err()
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// compareOne compares one view with the one that was built a second time.
func (v *run) compareOne(ctx context.Context, p projections.Projection, live *readdb.Snapshot, at readdb.Checkpoint, built *readdb.Snapshot) (uint64, error) {
	again, ok, err := built.Checkpoint(ctx, p.Name())
	if err != nil || !ok {
		return 0, errors.Join(err, fmt.Errorf("verify: the view %s was not built", p.Name()))
	}
	if again.Position != at.Position {
		v.view(scrub.Altered, fmt.Sprintf("the view %s is at position %d, and built from the stream it stops at %d", p.Name(), at.Position, again.Position))
		return 0, nil
	}
	if again.Leaf != at.Leaf {
		v.view(scrub.Altered, fmt.Sprintf("the view %s was built from another commit at position %d than the stream's", p.Name(), at.Position))
	}
	wrong, err := live.Shown(ctx, at.Generation, p.Tables())
	if err != nil {
		v.view(scrub.Damaged, "the view "+p.Name()+" cannot be read: "+firstLine(err.Error()))
		return 0, nil
	}
	for _, name := range wrong {
		v.view(scrub.Altered, "readers of "+name+" are shown something else than its rows")
	}
	x, err := live.Digest(ctx, at.Generation, p.Tables())
	if err != nil {
		v.view(scrub.Damaged, "the view "+p.Name()+" cannot be read: "+firstLine(err.Error()))
		return 0, nil
	}
	y, err := built.Digest(ctx, again.Generation, p.Tables())
	if err != nil || x.SHA256 == y.SHA256 {
		return uint64(x.Rows), err
	}
	for _, t := range p.Tables() {
		if err := v.differing(ctx, p, t, live, at.Generation, built, again.Generation); err != nil {
			v.view(scrub.Damaged, "the table "+t.Name+" cannot be read: "+firstLine(err.Error()))
		}
	}
	return uint64(x.Rows), nil
}

// differing names the rows of a table that differ.
func (v *run) differing(ctx context.Context, p projections.Projection, t readdb.Table, live *readdb.Snapshot, a int64, built *readdb.Snapshot, b int64) error {
	return readdb.Diff(ctx, t, live, a, built, b, func(is, must readdb.Row) error {
		f := scrub.Finding{Part: "views", File: "views.db"}
		row := must
		switch {
		case must == nil:
			f.Kind, f.Message, row = scrub.Inserted, "a row of "+t.Name+" that no commit gives", is
		case is == nil:
			f.Kind, f.Message = scrub.Missing, "a row of "+t.Name+" is gone"
		default:
			f.Kind, f.Message = scrub.Altered, "a row of "+t.Name+" differs from what the stream gives, in "+strings.Join(columns(t, is, must), ", ")
		}
		for i, c := range t.Columns { // ids and codes alone: none of these holds a name
			switch text, isText := row[i].(string); {
			case c.Name == "agency" && isText:
				f.Agency = text
			case c.Name == "position" && p.Name() == commits.Name:
				f.Position = uint64(row[i].(int64))
			case c.Name == "kind" && isText && p.Name() == commits.Name:
				f.AggregateKind = text
			case c.Name == "aggregate" && isText:
				f.Aggregate = text
			case c.Name == "dossier" && isText && f.Aggregate == "":
				f.AggregateKind, f.Aggregate = "dossier", text
			case c.Name == "command_id" && isText:
				f.CommandID = text
			}
		}
		v.r.Add(f)
		return ctx.Err()
	})
}

func columns(t readdb.Table, a, b readdb.Row) (out []string) {
	for i, c := range t.Columns {
		if fmt.Sprint(a[i]) != fmt.Sprint(b[i]) {
			out = append(out, c.Name)
		}
	}
	return out
}

// upTo is the stream up to a position, as views are built from it.
type upTo struct {
	eventstore.Store // nothing else is asked for
	run              *run
	head             uint64
}

// Head implements eventstore.Store.
func (s *upTo) Head(context.Context) (uint64, error) { return s.head, nil }

var errEnough = errors.New("verify: read far enough")

// ReadAll implements eventstore.Store.
func (s *upTo) ReadAll(ctx context.Context, after uint64, f func(*eventstore.Commit) error) error {
	if after >= s.head {
		return nil
	}
	each := func(c *eventstore.Commit) error {
		if c.Position > s.head {
			return errEnough
		}
		return f(c)
	}
	var err error
	if s.run.stream == nil {
		err = s.run.o.Live.Store.ReadAll(ctx, after, each)
	} else {
		err = s.run.stream.Read(ctx, func(r *blocks.Record) error {
			if r.Gone || r.Sequence <= after {
				return nil
			}
			c, err := eventstore.Unmarshal(r.Payload)
			if err != nil {
				return err
			}
			c.Position = r.Sequence
			return each(c)
		}, func(*blocks.Damage) error { return nil })
	}
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}
