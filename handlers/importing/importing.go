// Package importing brings commands in by the thousand: JSON lines in the form
// of catalogue §2, or the table of an older system by a mapping. Every
// line gets an outcome; a bad line is refused with its number, code, rule and
// what to do, and the rest goes on.
package importing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/commands"
)

const (
	// MaxLine is the largest line in bytes that is taken in. It is the store's
	// limit for a commit (eventstore.MaxPayload): a larger command could not be
	// stored. A longer line is refused without being held in memory.
	MaxLine = 8 << 20
	// Window is the largest number of commands that are executed together: a few
	// times what shares one sync, so that some are decided while others are stored.
	Window = 4000
	// WindowBytes ends a window earlier, so that windows of long lines stay
	// within memory.
	WindowBytes = 16 << 20
	// retries is how often a window is sent again while the stream cannot be
	// written; the pauses double from firstPause.
	retries    = 6
	firstPause = 100 * time.Millisecond
)

// Executor decides and stores commands in their order, one window with one
// shared sync. It answers only when the window is durable. commands.Handler is
// one; a dry run gives another, over a store that is thrown away.
type Executor interface {
	ExecuteWindow(ctx context.Context, c commands.Caller, rs []commands.Request) []commands.Outcome
}

// Line is one line of the report: the outcome of catalogue §2. For a table, in
// which one line becomes several commands, it names the command as well.
type Line struct {
	commands.Outcome
	Command string `json:"command,omitempty"`
}

// Options say how to import.
type Options struct {
	Caller commands.Caller
	// Report gets one JSON line for each outcome, in order, only after the
	// window of the line is durable. May be nil.
	Report io.Writer
	// Refused is called with each refusal, in order. May be nil.
	Refused func(Line)
	// Progress is called after each window with the number of outcomes so far
	// and the part of the input that is done (negative: unknown). May be nil.
	Progress func(count uint64, fraction float64)
	// Size is the number of bytes of the input; 0 if unknown.
	Size int64
}

// Summary counts the outcomes of one import.
type Summary struct {
	Outcomes  uint64            `json:"outcomes"`
	Accepted  uint64            `json:"accepted"`
	Duplicate uint64            `json:"duplicate"`
	Refused   uint64            `json:"refused"`
	ByCode    map[string]uint64 `json:"refused_by_code,omitempty"`
	Warnings  map[string]uint64 `json:"warnings,omitempty"`
	// Position is that of the newest commit that this import stored or found.
	Position uint64 `json:"position,omitempty"`
}

// item is a command to execute, or what was refused before it could become one.
type item struct {
	line    int
	command string // named in the report for tables
	size    int
	req     commands.Request
	refused *domain.Error
}

// source gives items in the order of the input, then io.EOF. done is the part
// of the input that was read, from 0 to 1, negative if unknown.
type source interface {
	next() (item, error)
	done() float64
}

// window is what the reader hands to the executor.
type window struct {
	items []item
	done  float64
	err   error // ends the import after items
}

// run reads windows from src and executes them, the reading of one overlapping
// with the execution of another. The summary covers what was reported, also
// when an error ends the import.
func run(ctx context.Context, src source, ex Executor, o Options) (*Summary, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	windows := make(chan window, 1)
	go read(ctx, src, windows)

	sum := &Summary{ByCode: map[string]uint64{}, Warnings: map[string]uint64{}}
	rep := newReport(o.Report)
	for w := range windows {
		outcomes, err := execute(ctx, ex, o.Caller, w.items)
		for i := range outcomes {
			l := Line{Outcome: outcomes[i], Command: w.items[i].command}
			sum.count(&l.Outcome)
			if rerr := rep.write(&l); rerr != nil {
				return sum, rerr
			}
			if l.Outcome.Outcome == commands.Refused && o.Refused != nil {
				o.Refused(l)
			}
		}
		if rerr := rep.flush(); rerr != nil {
			return sum, rerr
		}
		if err = errors.Join(err, w.err); err != nil {
			return sum, err
		}
		if o.Progress != nil {
			o.Progress(sum.Outcomes, w.done)
		}
	}
	return sum, errors.Join(ctx.Err(), rep.sync())
}

// read fills windows until the source ends or the context does; it closes the
// channel.
func read(ctx context.Context, src source, out chan<- window) {
	defer close(out)
	for {
		w := window{items: make([]item, 0, Window)}
		size := 0
		for len(w.items) < Window && size < WindowBytes && w.err == nil {
			it, err := src.next()
			if err != nil {
				w.err = err
				break
			}
			size += it.size
			w.items = append(w.items, it)
		}
		w.done = src.done()
		last := w.err != nil
		if errors.Is(w.err, io.EOF) {
			w.err = nil
		}
		select {
		case out <- w:
		case <-ctx.Done():
			return
		}
		if last {
			return
		}
	}
}

// execute gives the outcomes of the items in their order. What the stream could
// not take is sent again; when that does not help, the outcomes up to there
// are given with an error.
func execute(ctx context.Context, ex Executor, c commands.Caller, items []item) ([]commands.Outcome, error) {
	outcomes := make([]commands.Outcome, len(items))
	var todo []int
	for i, it := range items {
		if it.refused != nil {
			outcomes[i] = refusal(it.refused)
			outcomes[i].Line = it.line
			continue
		}
		todo = append(todo, i)
	}
	pause := firstPause
	for try := 0; len(todo) > 0; try++ {
		if err := ctx.Err(); err != nil {
			return outcomes[:todo[0]], err
		}
		if try > retries {
			return outcomes[:todo[0]], stopped(&outcomes[todo[0]], items[todo[0]].line)
		}
		if try > 0 {
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
			pause *= 2
		}
		rs := make([]commands.Request, len(todo))
		for k, i := range todo {
			rs[k] = items[i].req
		}
		got := ex.ExecuteWindow(ctx, c, rs)
		if len(got) != len(rs) {
			return outcomes[:todo[0]], fmt.Errorf("importing: %d outcomes for %d commands", len(got), len(rs))
		}
		again := todo[:0:0]
		for k, i := range todo {
			outcomes[i] = got[k]
			outcomes[i].Line = items[i].line
			if got[k].Retry {
				again = append(again, i)
			}
		}
		todo = again
	}
	return outcomes, nil
}

// stopped is the error for a stream that stays unavailable.
func stopped(o *commands.Outcome, line int) error {
	code := o.Code
	if code == "" {
		code = "unavailable"
	}
	return &domain.Error{Kind: domain.KindUnavailable, Code: code, Rule: "C-2.1.4d",
		Message: fmt.Sprintf("the stream could not be written, so the import stopped before line %d; run the same import again when it can: what was taken in answers duplicate", line)}
}

// refusal is the outcome of what never became a command.
func refusal(e *domain.Error) commands.Outcome {
	return commands.Outcome{Outcome: commands.Refused, Code: e.Code, Rule: e.Rule, Field: e.Field, Message: e.Message, Kind: e.Kind}
}

func (s *Summary) count(o *commands.Outcome) {
	s.Outcomes++
	switch o.Outcome {
	case commands.Accepted:
		s.Accepted++
	case commands.Duplicate:
		s.Duplicate++
	default:
		s.Refused++
		s.ByCode[o.Code]++
	}
	for _, w := range o.Warnings {
		s.Warnings[w]++
	}
	s.Position = max(s.Position, o.Position)
}
