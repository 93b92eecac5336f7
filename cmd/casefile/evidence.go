package main

import (
	"bufio"
	"errors"
	"strings"

	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/evidence"
	"github.com/casefile-engine/casefile/internal/progress"
)

// evidenceCmd makes an evidence bundle (catalogue §3).
type evidenceCmd struct {
	Dossier   string `required:"" placeholder:"ID" help:"The dossier."`
	Agency    string `placeholder:"A" help:"Its agency (found by the dossier when left out)."`
	From      string `placeholder:"T" help:"What was recorded at or after this time; a date means its start."`
	Until     string `placeholder:"T" help:"What was recorded before this time; a date means all of it."`
	Open      bool   `help:"With the sealed contents, opened."`
	Purpose   string `default:"audit" enum:"audit,rights_request" help:"The purpose that is recorded: audit or rights_request."`
	Recipient string `placeholder:"age1…" help:"Encrypt the whole to this public key of age."`
	Out       string `required:"" placeholder:"FILE" help:"Where to write the bundle."`
}

func (evidenceCmd) place() place { return onData }

// maker is the engine's maker of bundles.
func maker(e *engine.Engine) *evidence.Maker {
	return &evidence.Maker{Queries: e.Queries, Ledger: e.Ledger, DB: e.DB, Policies: e.Policies, Outside: e.Outside, Version: version}
}

// Run writes the file only once the whole bundle is made and holds.
func (c *evidenceCmd) Run(a *app) (err error) {
	q := evidence.Request{Dossier: strings.ToLower(c.Dossier), Open: c.Open, Recipient: c.Recipient}
	if err := times(timeFlag{"from", c.From, false, &q.From}, timeFlag{"until", c.Until, true, &q.Until}); err != nil {
		return err
	}
	e, release, err := a.open(false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	r := a.reader(c.Agency, c.Purpose, "export")
	if r.Agency == "" {
		if r.Agency, err = e.Queries.FindDossier(a.ctx, r, q.Dossier); err != nil {
			return err
		}
	}
	b, err := maker(e).Make(a.ctx, r, q)
	if err != nil {
		return err
	}
	f, err := a.io.Create(c.Out)
	if err != nil {
		return fileError(c.Out, err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	if err = errors.Join(b.Write(w), w.Flush(), f.Sync(), f.Close()); err != nil {
		return fileError(c.Out, err)
	}
	a.say("%s commits name the dossier; making this is on record at position %d. Check it with: casefile verify %s", progress.Count(uint64(b.Commits)), b.Position, c.Out)
	return nil
}
