package witness

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/casefile-engine/casefile/eventstore/ledger/bundle"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

// Options say what a witness is.
type Options struct {
	Dir  string // of its key and state; made when missing
	Name string // of a key that is made; not needed where there is one
	Key  string // file of a key to take over; "" makes one
	Logs Logs   // whose checkpoints it cosigns
	Log  *slog.Logger
}

// Witness cosigns checkpoints. It is safe for many goroutines.
type Witness struct {
	o     Options
	key   key
	state *state
}

// Open opens a witness. A key that is given must never have cosigned: what it
// vouched for is not known here. Errors: domain codes "in_use", "state_lost",
// "state_damaged", "other_key", "unknown_key", "no_name", "directory_unusable".
func Open(o Options) (_ *Witness, err error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	w := &Witness{o: o}
	if err := ready(o); err != nil {
		return nil, err
	}
	if w.state, err = openState(o.Dir); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			w.state.close()
		}
	}()
	skey, fresh, err := w.state.openKey(o.Name, o.Key)
	if err != nil {
		return nil, err
	}
	if w.key, err = parseKey(skey); err != nil {
		return nil, err
	}
	if err := w.state.load(w.key.public.Text, fresh); err != nil {
		return nil, err
	}
	if fresh {
		if err := w.state.keep(skey); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// Public is the witness's public key, in the form of C2SP tlog-cosignature.
func (w *Witness) Public() string { return w.key.public.Text }

// Close lets go of the directory.
func (w *Witness) Close() error { return w.state.close() }

// Limits of a request. A checkpoint has some 400 bytes, and 63 hashes 2,800.
const (
	maxBody   = 64 << 10
	maxHashes = 63
)

// Handler serves POST /add-checkpoint (C2SP tlog-witness), and /healthz.
func (w *Witness) Handler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("POST /add-checkpoint", w.addCheckpoint)
	m.HandleFunc("GET /healthz", func(rw http.ResponseWriter, _ *http.Request) {
		if _, err := w.state.get(""); err != nil {
			http.Error(rw, "the state cannot be written; nothing is cosigned", http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(rw, "ok\n") // nobody is left to tell
	})
	return m
}

// answer is what a request gets.
type answer struct {
	status int
	body   string
	size   bool // the body is the size of the newest cosigned checkpoint
}

func refused(status int, body string) answer { return answer{status: status, body: body + "\n"} }

func conflict(size int64) answer {
	return answer{http.StatusConflict, strconv.FormatInt(size, 10) + "\n", true}
}

func (w *Witness) addCheckpoint(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxBody))
	a := refused(http.StatusBadRequest, "the request cannot be read to its end, or is over 64 KiB")
	if err == nil {
		a = w.add(body)
	}
	rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if a.size {
		rw.Header().Set("Content-Type", "text/x.tlog.size")
	}
	rw.Header().Set("X-Content-Type-Options", "nosniff")
	rw.WriteHeader(a.status)
	_, _ = io.WriteString(rw, a.body) // nobody is left to tell
}

// add judges a request, in the order that the specification has.
func (w *Witness) add(body []byte) answer {
	q, err := bundle.ParseConsistency(body)
	if err != nil || len(q.Hashes) > maxHashes {
		return refused(http.StatusBadRequest, "the request is not an old size, a proof of up to 63 lines, an empty line and a checkpoint")
	}
	p, err := parseCheckpoint(q.Checkpoint)
	if err != nil {
		return refused(http.StatusBadRequest, "the checkpoint is none")
	}
	keys, known := w.o.Logs[p.origin]
	if !known {
		return refused(http.StatusNotFound, "this witness does not know that log")
	}
	n, err := note.Open(q.Checkpoint, note.VerifierList(keys...))
	if err != nil {
		return refused(http.StatusForbidden, "no signature on the checkpoint is by a key of that log which this witness trusts")
	}
	if n.Text != p.text { // it was signed with more than a checkpoint
		return refused(http.StatusBadRequest, "the checkpoint is none")
	}
	if q.Old > p.Size {
		return refused(http.StatusBadRequest, "the old size is larger than the checkpoint")
	}
	return w.judge(q, p)
}

// judge compares a checkpoint of a known log with the newest that was cosigned.
func (w *Witness) judge(q bundle.Consistency, p checkpoint) answer {
	old, err := w.state.get(p.origin)
	switch {
	case err != nil:
		return refused(http.StatusServiceUnavailable, "the witness cannot write its state, and cosigns nothing")
	case q.Old != old.Size:
		return conflict(old.Size)
	case q.Old == p.Size && old != (head{}) && old.Root != p.Root:
		w.o.Log.Error("a log has signed two trees of one size", "origin", p.origin, "size", p.Size)
		return conflict(old.Size)
	}
	if !consistent(q, p, old) {
		w.o.Log.Error("a log has signed a tree that does not go on from the one that was cosigned, or its proof does not hold", "origin", p.origin, "cosigned", old.Size, "size", p.Size)
		return refused(http.StatusUnprocessableEntity, "the consistency proof does not hold")
	}
	if err := w.state.swap(p.origin, old, p.head); errors.Is(err, errMoved) {
		now, _ := w.state.get(p.origin) // what is wrong with it, the next request hears
		return conflict(now.Size)
	} else if err != nil {
		w.o.Log.Error("the witness cannot write its state, and did not cosign", "error", err)
		return refused(http.StatusServiceUnavailable, "the witness cannot write its state, and cosigns nothing")
	}
	line, err := w.cosign(p)
	if err != nil {
		w.o.Log.Error("a checkpoint could not be cosigned", "origin", p.origin, "error", err)
		return refused(http.StatusInternalServerError, "the checkpoint could not be cosigned")
	}
	w.o.Log.Info("cosigned", "origin", p.origin, "size", p.Size)
	return answer{status: http.StatusOK, body: line}
}

// empty is the root of a tree without leaves (RFC 6962).
var empty = tlog.Hash(sha256.Sum256(nil))

// consistent tells whether the tree goes on from the old one.
func consistent(q bundle.Consistency, p checkpoint, old head) bool {
	switch {
	case p.Size == 0:
		return p.Root == empty && len(q.Hashes) == 0
	case old.Size == 0:
		return len(q.Hashes) == 0
	case old.Size == p.Size:
		return old.Root == p.Root && len(q.Hashes) == 0
	}
	return verify.CheckConsistency(q.Hashes, p.Size, p.Root, old.Size, old.Root) == nil
}

// cosign gives the signature line on the whole text of the checkpoint.
func (w *Witness) cosign(p checkpoint) (string, error) {
	signed, err := note.Sign(&note.Note{Text: p.text}, w.key.signer)
	if err != nil {
		return "", err
	}
	return strings.TrimPrefix(string(signed), p.text+"\n"), nil
}

// checkpoint is a C2SP tlog-checkpoint of any log.
type checkpoint struct {
	head
	origin string
	text   string // that is signed
}

// parseCheckpoint reads the signed text of a note: origin, size, root and
// extension lines, none of them empty.
func parseCheckpoint(signed []byte) (p checkpoint, err error) {
	bad := errors.New("witness: no checkpoint")
	text, _, ok := strings.Cut(string(signed), "\n\n")
	lines := strings.Split(text, "\n")
	if !ok || len(lines) < 3 || lines[0] == "" {
		return p, bad
	}
	for _, l := range lines[3:] {
		if l == "" {
			return p, bad
		}
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return p, bad
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return p, bad
	}
	return checkpoint{head{size, tlog.Hash(root)}, lines[0], text + "\n"}, nil
}
