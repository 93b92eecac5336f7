package main

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"

	"github.com/casefile-engine/casefile/handlers/mining"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/internal/progress"
)

// eventLog tells whether an event log for process mining is asked for.
func (c *exportCmd) eventLog() bool { return slices.Contains(mining.Forms, c.Format) }

// checkLog refuses what an event log is not of.
func (c *exportCmd) checkLog() error {
	switch {
	case c.eventLog() && c.Register != "history":
		return invalid("not_that_form", "format", "ocel and xes are event logs of the register history; use jsonl, csv or xlsx")
	case c.eventLog() && c.Open:
		return invalid("not_that_form", "open", "there is nothing personal in an event log; leave --open out")
	case c.Pseudonyms && !c.eventLog():
		return invalid("not_that_form", "pseudonyms", "pseudonyms are of event logs; give --format ocel or xes as well")
	}
	return nil
}

// writeLog writes the event log to standard output or the file.
func (c *exportCmd) writeLog(a *app, o queries.ExportOptions) (err error) {
	var out io.Writer = a.io.Stdout
	if c.Out != "" {
		f, ferr := a.io.Create(c.Out)
		if ferr != nil {
			return fileError(c.Out, ferr)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		out = f
	}
	if a.overHTTP() {
		return c.remoteLog(a, out)
	}
	e, r, release, err := c.openReader(a, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	log := mining.New(c.Format, out)
	next, end := a.counted("exporting", "events")
	err = e.Queries.Mining(a.ctx, r, queries.MiningOptions{ExportOptions: o, ByDossier: c.Format == mining.XES, Pseudonyms: c.Pseudonyms}, func(x *mining.Event) error {
		if err := next(); err != nil {
			return err
		}
		return log.Event(x)
	})
	n := end()
	if err != nil {
		return err
	}
	if err = log.Close(); err == nil && c.Out != "" {
		a.say("%s events", progress.Count(n))
	}
	return err
}

// remoteLog is writeLog over HTTP.
func (c *exportCmd) remoteLog(a *app, out io.Writer) (err error) {
	cl, q, err := c.remoteQuery(a)
	if err != nil {
		return err
	}
	q.Set("format", c.Format)
	if c.Pseudonyms {
		q.Set("pseudonyms", "true")
	}
	resp, err := cl.do(a.ctx, http.MethodGet, "/api/v1/agencies/"+url.PathEscape(c.Agency)+"/history?"+q.Encode(), "*/*", nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if _, err = io.Copy(out, resp.Body); err != nil {
		return answerCutShort(err)
	}
	return nil
}
