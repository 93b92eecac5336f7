package outside

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/eventstore/ledger/bundle"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

// Alarm is a contradiction between a log and what a witness saw of it: one of the
// two was changed, or the log's key signs elsewhere too.
type Alarm struct {
	Signed    int64 // size of the log's newest checkpoint
	Witnessed int64 // size of the newest that the witness cosigned
	Why       string
}

func (e *Alarm) Error() string {
	return fmt.Sprintf("the log has %d commits by its newest checkpoint and the witness cosigned %d: %s; nothing is repaired, see docs/operations.md, \"Witnesses\"", e.Signed, e.Witnessed, e.Why)
}

func isAlarm(err error) bool { return errors.As(err, new(*Alarm)) }

// cosigned asks a witness about a checkpoint by C2SP tlog-witness.
func (r *Runner) cosigned(w Witness) func(context.Context, *ledger.Log, ledger.Signed) error {
	return func(ctx context.Context, log *ledger.Log, c ledger.Signed) error {
		old := log.OutsideNewest(w.Key.Text).Size
		for range 3 { // its size may move while it is asked: another instance asks too
			size, conflict, err := r.submit(ctx, w, log, c, old)
			if err != nil || !conflict {
				return err
			}
			if size > c.Size {
				return r.ahead(ctx, log, c, size)
			}
			if size == old {
				return r.same(c, old)
			}
			old = size
		}
		return errors.New("the witness's newest checkpoint changes each time that it is asked")
	}
}

// same is the error of a witness that says conflict to the size that it names.
func (r *Runner) same(c ledger.Signed, old int64) error {
	if old == c.Size {
		return &Alarm{c.Size, old, "of that size it cosigned another tree"}
	}
	return fmt.Errorf("the witness refuses the size %d and names it as its own", old)
}

// ahead judges a witness that cosigned more than this instance has: in a cluster
// another one may be further, but none further than the lock.
func (r *Runner) ahead(ctx context.Context, log *ledger.Log, c ledger.Signed, size int64) error {
	locked, err := r.o.Ledger.Locked(ctx, log.Agency)
	if err != nil {
		return fmt.Errorf("the lock cannot be read: %w", err)
	}
	if size > locked.Size {
		return &Alarm{max(c.Size, locked.Size), size, "an older copy of data and lock was put back, or somebody else signs with the log's key"}
	}
	return fmt.Errorf("the witness has %d commits from another instance, and this one has come to %d", size, c.Size)
}

// submit sends one request; conflict tells that the witness has another size.
func (r *Runner) submit(ctx context.Context, w Witness, log *ledger.Log, c ledger.Signed, old int64) (size int64, conflict bool, err error) {
	q := bundle.Consistency{Old: old, Checkpoint: c.Note}
	if old > 0 {
		if q.Hashes, err = log.ConsistencyProof(old, c.Size); err != nil {
			return 0, false, err
		}
	}
	status, body, err := r.post(ctx, strings.TrimSuffix(w.URL, "/")+"/add-checkpoint", "text/plain; charset=utf-8", q.Format())
	if err != nil {
		return 0, false, err
	}
	switch status {
	case http.StatusOK:
		return 0, false, accept(log, c, w.Key, body)
	case http.StatusConflict:
		text := strings.TrimSuffix(string(body), "\n")
		size, err := strconv.ParseInt(text, 10, 64)
		if err != nil || size < 0 || strconv.FormatInt(size, 10) != text {
			return 0, false, errors.New("the witness refuses the old size and does not name its own")
		}
		return size, true, nil
	case http.StatusUnprocessableEntity:
		return 0, false, &Alarm{c.Size, old, "what it cosigned is no beginning of the log"}
	case http.StatusNotFound:
		return 0, false, errors.New("the witness does not know the log; give it the log's public key and origin, and check its address")
	case http.StatusForbidden:
		return 0, false, errors.New("the witness knows the log by another key than the one that signs it")
	}
	return 0, false, fmt.Errorf("the witness answers with status %d", status)
}

// accept stores the witness's own signature out of an answer; others are passed over.
func accept(log *ledger.Log, c ledger.Signed, w verify.Witness, body []byte) error {
	for line := range strings.Lines(string(body)) {
		line = strings.TrimSuffix(line, "\n")
		if !w.Made(line) {
			continue
		}
		if _, err := w.Check(c.Note, line); err != nil {
			continue
		}
		return log.AddCosignature(c.Size, w, line)
	}
	return errors.New("the witness's answer has no signature by the key that it is known by")
}

// maxAnswer bounds an answer in bytes.
const maxAnswer = verify.MaxStamp

// post sends a body. The address, in which there may be a secret, is in no error.
func (r *Runner) post(ctx context.Context, url, contentType string, body []byte) (status int, answer []byte, err error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, errors.New("its address is none")
	}
	q.Header.Set("Content-Type", contentType)
	resp, err := r.client.Do(q)
	if err != nil {
		return 0, nil, errors.New("it cannot be reached, or does not answer in time")
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil || len(answer) > maxAnswer {
		return 0, nil, errors.New("its answer breaks off, or is too long")
	}
	return resp.StatusCode, answer, nil
}
