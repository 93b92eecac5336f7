package scrub

import (
	"errors"
	"fmt"
	"strings"

	"github.com/casefile-engine/casefile/eventstore/blocks"
)

// server looks at the server's own files beside the blocks.
func (s *scrubber) server() error {
	if s.o.Stream == nil {
		return nil
	}
	m, err := s.o.Stream.ReadMeta()
	switch {
	case errors.Is(err, blocks.ErrMeta):
		s.stream(Finding{Kind: Damaged, Message: strings.TrimPrefix(err.Error(), blocks.ErrMeta.Error()+": ") + "; a server would pass over the whole stream", File: "meta.inf"})
	case err != nil:
		return err
	case !m.Keeps():
		s.stream(Finding{Kind: Altered, Message: "the stream is configured so that commits could vanish", File: "meta.inf"})
	}
	if s.o.Head > 0 {
		return nil // a running server writes its index when it ends
	}
	x, ok, why, err := s.o.Stream.ReadIndex()
	if err != nil {
		return err
	}
	if ok && x.Fits && (x.Last != s.last || x.Messages != s.seen || x.First > 1) && s.r.count("stream") == 0 {
		s.stream(Finding{Kind: Altered, Message: fmt.Sprintf("the server's index has %d messages up to %d, and the blocks %d up to %d: the server would hide some", x.Messages, x.Last, s.seen, s.last), File: "index.db"})
	}
	if why != "" {
		why += "; the server makes it again from the blocks"
	}
	s.r.Checks = append(s.r.Checks, Check{"stream", "the server's configuration of the stream, and its index", 2, 0, why})
	return nil
}

// journal compares the end of the stream with the tail journal.
func (s *scrubber) journal() {
	j := s.o.Journal
	if j == nil {
		return
	}
	add := func(k Kind, position uint64, format string, args ...any) {
		s.r.Add(Finding{Kind: k, Part: "journal", Message: fmt.Sprintf(format, args...), Position: position})
	}
	note := ""
	if j.Torn > 0 {
		note = fmt.Sprintf("%d of its records are torn, as a loss of power leaves one", j.Torn)
	}
	switch {
	case j.Position == 0 && s.last > 0:
		add(Missing, 0, "the tail journal has no whole record, and the stream has commits: the lock was lost or damaged")
	case j.Position > s.last:
		add(Missing, j.Position, "the stream ends at position %d, and commits were acknowledged up to position %d: its end was cut off, or older data was put back", s.last, j.Position)
	case j.Position > 0 && !s.found && !s.inHole(j.Position):
		add(Missing, j.Position, "the commit that the tail journal names is not on the stream")
	case s.found && s.at != j.Leaf:
		add(Altered, j.Position, "the commit there is another than was acknowledged")
	}
	s.r.Looked("journal", "tail of the stream against the tail journal", min(j.Position, 1), note)
}
