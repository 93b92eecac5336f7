package importing

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/commands"
)

// Lines imports JSON lines: one command in the form of catalogue §2 on each
// line. Empty lines, carriage returns before the line feed and a byte order
// mark at the start are passed over. The error is about the import as a whole
// (the input unreadable, the stream or the report unwritable), never about a line.
func Lines(ctx context.Context, r io.Reader, ex Executor, o Options) (*Summary, error) {
	return run(ctx, newLineSource(r, o.Size), ex, o)
}

type lineSource struct {
	r    *bufio.Reader
	size int64
	read int64
	line int
	buf  []byte // for a line that is longer than the reader's buffer
}

func newLineSource(r io.Reader, size int64) *lineSource {
	return &lineSource{r: bufio.NewReaderSize(r, 256<<10), size: size}
}

func (s *lineSource) done() float64 {
	if s.size <= 0 {
		return -1
	}
	return float64(s.read) / float64(s.size)
}

func (s *lineSource) next() (item, error) {
	for {
		text, ended, err := s.scan()
		if err != nil {
			return item{}, err
		}
		if text == nil {
			return item{line: s.line, refused: domain.Invalid("line_too_long", "", "the line is longer than 8 MiB, the most that one command may be; split what it brings over several commands")}, nil
		}
		if s.line == 1 {
			text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
		}
		text = bytes.TrimSpace(text)
		if len(text) == 0 {
			continue
		}
		it := item{line: s.line, size: len(text)}
		it.req, it.refused = decode(text, ended)
		return it, nil
	}
}

// scan gives the next line, nil for one that is too long, and whether it ended
// with a line feed. The bytes are good until the next call.
func (s *lineSource) scan() (text []byte, ended bool, err error) {
	s.line++
	s.buf = s.buf[:0]
	long := false
	for n := 0; ; {
		part, err := s.r.ReadSlice('\n')
		s.read += int64(len(part))
		n += len(part)
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			if !errors.Is(err, io.EOF) {
				return nil, false, unreadable(err)
			}
			if n == 0 {
				return nil, false, io.EOF
			}
		}
		if long = long || n > MaxLine; long {
			s.buf = nil
		}
		more := errors.Is(err, bufio.ErrBufferFull)
		switch {
		case long && !more:
			return nil, err == nil, nil
		case long:
		case !more && len(s.buf) == 0:
			return part, err == nil, nil
		default:
			s.buf = append(s.buf, part...)
			if !more {
				return s.buf, err == nil, nil
			}
		}
	}
}

func unreadable(err error) error {
	return &domain.Error{Kind: domain.KindUnavailable, Code: "input_unreadable", Rule: domain.RuleForm, Cause: err,
		Message: "the input could not be read to its end; what was read before has been imported: mend the input and import it again, what was taken in answers duplicate"}
}

// decode reads one command strictly: exact field names, none unknown, none
// twice, valid UTF-8. Messages never repeat what the line holds.
func decode(text []byte, ended bool) (r commands.Request, refused *domain.Error) {
	if !utf8.Valid(text) {
		return r, domain.Invalid("invalid_utf8", "", "the line is not UTF-8; save the file as UTF-8 and import it again")
	}
	err := json.Unmarshal(text, &r, json.RejectUnknownMembers(true))
	if err == nil {
		if text[0] != '{' {
			return commands.Request{}, notAnObject()
		}
		return r, nil
	}
	return commands.Request{}, decodeError(err, ended)
}

// envelope are the fields of a command whose names may be repeated in an error.
var envelope = map[jsontext.Pointer]bool{"/id": true, "/agency": true, "/actor": true, "/at": true, "/command": true, "/dossier": true, "/data": true}

func decodeError(err error, ended bool) *domain.Error {
	var syntax *jsontext.SyntacticError
	var semantic *json.SemanticError
	switch {
	case errors.Is(err, json.ErrUnknownName):
		return domain.Invalid("unknown_field", "", "the command has a field that is not known; the fields are id, agency, actor, at, command, dossier and data, in lower case")
	case errors.Is(err, jsontext.ErrDuplicateName):
		return domain.Invalid("duplicate_field", "", "a field stands twice in the command, so it is not clear what is meant; leave one out")
	case !ended && (errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)):
		return domain.Invalid("truncated_line", "", "the file ends in the middle of this line; get the whole file and import it again: what was taken in answers duplicate")
	case errors.As(err, &semantic):
		if semantic.JSONPointer == "" {
			return notAnObject()
		}
		field := ""
		if envelope[semantic.JSONPointer] {
			field = string(semantic.JSONPointer[1:])
		}
		return domain.Invalid("wrong_type", field, "a field of the command has the wrong type; id, agency, actor, at, command and dossier are texts, data is an object")
	case errors.As(err, &syntax):
		return domain.Invalid("invalid_json", "", "the line is not one whole JSON object; write each command on one line of its own")
	default:
		return domain.Invalid("invalid_json", "", "the line is not a command in JSON; write each command on one line of its own")
	}
}

func notAnObject() *domain.Error {
	return domain.Invalid("not_an_object", "", "the line is JSON but not an object; write each command as {\"id\":…,\"agency\":…,\"command\":…,\"data\":{…}} on one line")
}
