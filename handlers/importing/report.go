package importing

import (
	"bufio"
	"encoding/json"
	"io"

	"github.com/casefile-engine/casefile/domain"
)

// report writes outcomes as JSON lines. It is flushed after each window, so a
// line in the file means a durable outcome.
type report struct {
	to  io.Writer
	buf *bufio.Writer
	enc *json.Encoder
}

func newReport(w io.Writer) *report {
	if w == nil {
		return nil
	}
	b := bufio.NewWriterSize(w, 256<<10)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	return &report{to: w, buf: b, enc: enc}
}

func (r *report) write(l *Line) error {
	if r == nil {
		return nil
	}
	return reportError(r.enc.Encode(l))
}

func (r *report) flush() error {
	if r == nil {
		return nil
	}
	return reportError(r.buf.Flush())
}

// sync asks a file to be on disk.
func (r *report) sync() error {
	if r == nil {
		return nil
	}
	if f, ok := r.to.(interface{ Sync() error }); ok {
		// A pipe or a terminal cannot be synced and need not be.
		_ = f.Sync()
	}
	return nil
}

func reportError(err error) error {
	if err == nil {
		return nil
	}
	return &domain.Error{Kind: domain.KindUnavailable, Code: "report_unwritable", Rule: "C-2.1.4d", Cause: err,
		Message: "the report cannot be written, so the import stopped; make room or choose another place and import again: what was taken in answers duplicate"}
}
