package main

import (
	"bufio"
	"cmp"
	"errors"
	"io"
	"net/url"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/exporting"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/internal/progress"
)

// exportCmd writes a register (catalogue §3).
type exportCmd struct {
	Register string `arg:"" enum:"dossiers,disclosures,access,retention,deadlines,obligations,hours,history,requests,notices,complaints,incidents,paper,recipients,activities,reminders,reviews,approvals,access-patterns" help:"One of dossiers, disclosures, access, retention, deadlines, obligations, hours, history, requests, notices, complaints, incidents, paper, recipients, activities, reminders, reviews, approvals, and access-patterns: what is unusual in access."`
	Agency   string `placeholder:"A" help:"One agency alone."`
	Dossier  string `placeholder:"ID" help:"One dossier alone."`
	AsOf     string `placeholder:"DATE" help:"What had occurred by the end of that day; terms are evaluated on it."`
	KnownAt  string `placeholder:"TIME" help:"What had been recorded by then."`
	From     string `placeholder:"T" help:"What occurred at that time or after, or on that date or after."`
	Until    string `placeholder:"T" help:"What occurred before that time, or on that date or before."`
	Open     bool   `help:"With personal data, opened; the look is recorded first."`
	Purpose  string `help:"The purpose that is recorded (default: on a data directory management_information, on a server guidance)."`
	Format   string `enum:"jsonl,csv,xlsx,fhir,nen7513,ldv,ocel,xes" default:"jsonl" help:"jsonl, csv or xlsx; of access also fhir (FHIR R5 AuditEvent), nen7513, ldv (Logboek Dataverwerkingen); of history also ocel (OCEL 2.0) and xes, for process mining."`
	Out      string `placeholder:"FILE" help:"Write to FILE in place of standard output."`

	OTLPEndpoint  string `name:"otlp-endpoint" placeholder:"URL" help:"With --format ldv: send the lines to this collector over OTLP/HTTP (headers: CASEFILE_OTLP_HEADERS)."`
	AfterPosition uint64 `placeholder:"N" help:"With fhir, nen7513 and ldv: what stands after that position."`
	Pseudonyms    bool   `help:"With ocel and xes: pseudonyms in place of all ids."`
	Names         bool   `help:"With access-patterns: compare family names of staff and clients too; the engine does so on record."`
}

func (exportCmd) place() place { return onAny }

func (c *exportCmd) Run(a *app) error {
	if c.Format == "xlsx" && c.Out == "" && isTerminalWriter(a.io.Stdout) {
		return invalid("terminal", "format", "a workbook cannot be shown on a terminal; give --out FILE")
	}
	if c.Format == "xlsx" && c.Open {
		return invalid("open_not_xlsx", "format", "a workbook is put together through temporary files, so it cannot hold opened personal data; use jsonl or csv")
	}
	if err := c.checkAccess(a); err != nil {
		return err
	}
	if err := c.checkLog(); err != nil {
		return err
	}
	o := queries.ExportOptions{Register: c.Register, Dossier: c.Dossier, Open: c.Open}
	err := times(timeFlag{"as-of", c.AsOf, true, &o.AsOf}, timeFlag{"known-at", c.KnownAt, true, &o.KnownAt},
		timeFlag{"from", c.From, false, &o.From}, timeFlag{"until", c.Until, false, &o.Until})
	if err != nil {
		return err
	}
	if o.Until != nil && len(c.Until) == len(time.DateOnly) {
		// A date is meant whole.
		next := o.Until.Add(36 * time.Hour)
		if err := times(timeFlag{"until", nl.DateOf(next).String(), false, &o.Until}); err != nil {
			return err
		}
	}
	if c.OTLPEndpoint != "" {
		return c.send(a, o)
	}
	if c.eventLog() {
		return c.writeLog(a, o)
	}
	return c.write(a, o)
}

func isTerminalWriter(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// write sends the rows to standard output or the file.
func (c *exportCmd) write(a *app, o queries.ExportOptions) (err error) {
	rows, release, err := c.source(a, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	var out io.Writer = a.io.Stdout
	if c.Out != "" {
		f, ferr := a.io.Create(c.Out)
		if ferr != nil {
			return fileError(c.Out, ferr)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		out = f
	}
	buf := bufio.NewWriterSize(out, 256<<10)
	w, err := exporting.New(c.rowFormat(), c.Register, c.Open, buf)
	if err != nil {
		return err
	}
	next, end := a.counted("exporting", "rows")
	err = rows(func(row any) error {
		if err := next(); err != nil {
			return err
		}
		return w.Row(row)
	})
	n := end()
	if err != nil {
		// What is written so far goes out, so that it can be seen where it ended.
		return errors.Join(err, buf.Flush())
	}
	if err = errors.Join(w.Close(), buf.Flush()); err == nil && c.Out != "" {
		a.say("%s rows", progress.Count(n))
	}
	return err
}

// source gives the rows: from the data directory or its server, or over HTTP.
func (c *exportCmd) source(a *app, o queries.ExportOptions) (rows func(func(any) error) error, release func() error, err error) {
	if a.overHTTP() {
		rows, err := c.remote(a)
		return rows, func() error { return nil }, err
	}
	e, r, release, err := c.openReader(a, o)
	if err != nil {
		return nil, nil, err
	}
	if rows := c.accessRows(a, e, r, o); rows != nil {
		return rows, release, nil
	}
	return func(emit func(any) error) error { return e.Queries.Export(a.ctx, r, o, emit) }, release, nil
}

// openReader opens the engine, and gives the operator as a reader of the agency
// or dossier that is asked for.
func (c *exportCmd) openReader(a *app, o queries.ExportOptions) (e *engine.Engine, r queries.Reader, release func() error, err error) {
	if e, release, err = a.open(false); err != nil {
		return nil, r, nil, err
	}
	r = a.reader(c.Agency, cmp.Or(c.Purpose, "management_information"), "export")
	if o.Dossier != "" && c.Agency == "" {
		if r.Agency, err = e.Queries.FindDossier(a.ctx, r, o.Dossier); err != nil {
			return nil, r, nil, errors.Join(err, release())
		}
	}
	if a.shared != nil {
		// The server's views follow; what was acknowledged before this command
		// must stand in the export.
		if r.After, err = e.Store.Head(a.ctx); err != nil {
			return nil, r, nil, err
		}
	}
	return e, r, release, nil
}

// remoteQuery is what is asked of a server over HTTP.
func (c *exportCmd) remoteQuery(a *app) (*client, url.Values, error) {
	cl, err := newClient(a)
	if err != nil {
		return nil, nil, err
	}
	if c.Agency == "" {
		return nil, nil, invalid("agency_missing", "agency", "over HTTP an export is of one agency; give --agency")
	}
	if c.Open {
		return nil, nil, invalid("not_over_http", "open", "opened rows are exported on the data directory alone; leave --open out, or work there")
	}
	q := url.Values{}
	for name, v := range map[string]string{"dossier": c.Dossier, "as_of": c.AsOf, "known_at": c.KnownAt, "from": c.From, "until": c.Until, "purpose": c.Purpose} {
		if v != "" {
			q.Set(name, v)
		}
	}
	return cl, q, nil
}

func (c *exportCmd) remote(a *app) (func(func(any) error) error, error) {
	cl, q, err := c.remoteQuery(a)
	if err != nil {
		return nil, err
	}
	if c.Register == accessPatterns {
		return c.remotePatterns(a, cl, q), nil
	}
	if c.form() != "" {
		q.Set("format", c.form())
	}
	return func(emit func(any) error) error { return cl.rows(a.ctx, c.Agency, c.Register, q, emit) }, nil
}
