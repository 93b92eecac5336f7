package bench

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/eventstore/ledger/bundle"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/evidence"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/internal/progress"
)

// evidence is P10: a bundle of a dossier that so many commits name, made and
// written to a file, and checked. The references are what the bytes alone take:
// to be written and synced, and to be digested.
func (r *run) evidence(ctx context.Context) error {
	commits := full(r, 10_000, 1_000)
	r.say("P10: evidence of %s commits", progress.Count(uint64(commits)))
	return with(ctx, r.path("evidence"), func(e *engine.Engine) error {
		if err := busy(ctx, e, commits); err != nil {
			return err
		}
		if err := e.CatchUp(ctx, nil); err != nil {
			return err
		}
		m := &evidence.Maker{Queries: e.Queries, Ledger: e.Ledger, DB: e.DB, Policies: e.Policies}
		reader := queries.Reader{Caller: commands.Caller{Door: commands.DoorCLI, Staff: bringIn.Staff}, Agency: agency, Purpose: "audit", Action: "export"}
		var whole []byte
		began := time.Now()
		err := r.profiled("P10", func() error {
			b, err := m.Make(ctx, reader, evidence.Request{Dossier: dossierID(0)})
			if err != nil {
				return err
			}
			if whole, err = b.Bytes(); err != nil {
				return err
			}
			return written(r.path("bundle.zip"), whole)
		})
		if err != nil {
			return err
		}
		made := time.Since(began)
		began = time.Now()
		if err := written(r.path("bytes"), whole); err != nil {
			return err
		}
		plain := time.Since(began)
		began = time.Now()
		var found *bundle.Report
		if err := r.profiled("P10", func() (err error) { found, err = bundle.Check(whole, nil); return err }); err != nil {
			return err
		}
		checked := time.Since(began)
		if len(found.Commits) < commits {
			return fmt.Errorf("the bundle has %d commits of %d", len(found.Commits), commits)
		}
		began = time.Now()
		sha256.Sum256(whole)
		digested := time.Since(began)
		size := fmt.Sprintf("%s commits, %d MiB", progress.Count(uint64(len(found.Commits))), len(whole)>>20)
		ref := millis(plain)
		ref.Note = "its bytes written"
		r.row("P10", "evidence bundle of "+size+": make", millis(made), ref, Target{Most: 5000, Text: "≤ 5 s"})
		ref = millis(digested)
		ref.Note = "its bytes digested"
		r.row("P10", "the same: verify offline", millis(checked), ref, Target{Most: 3000, Text: "≤ 3 s"})
		return nil
	})
}

// busy makes a dossier with that many entries of hours.
func busy(ctx context.Context, e *engine.Engine, commits int) error {
	if err := begin(ctx, e, 1); err != nil {
		return err
	}
	at := first.AddDate(0, 1, 0)
	for done := 0; done < commits; {
		var rs []commands.Request
		for ; len(rs) < 1000 && done < commits; done++ {
			rs = append(rs, request("LogHours", coach(0), dossierID(0), at.Add(time.Duration(done)*time.Minute), fields{"entry": id("evidence", done),
				"trajectory": trajectory(0), "date": nl.DateOf(at).String(), "minutes": 1, "activity": "travel"}))
		}
		for i, o := range e.Commands.ExecuteWindow(ctx, bringIn, rs) {
			if o.Outcome != commands.Accepted {
				return fmt.Errorf("%s: %s (%s): %s", rs[i].Command, o.Outcome, o.Code, o.Message)
			}
		}
	}
	return nil
}

// written writes a file and syncs it.
func written(name string, content []byte) error {
	f, err := os.Create(filepath.Clean(name))
	if err != nil {
		return err
	}
	if _, err = bytes.NewReader(content).WriteTo(f); err == nil {
		err = f.Sync()
	}
	if end := f.Close(); err == nil {
		err = end
	}
	return err
}
