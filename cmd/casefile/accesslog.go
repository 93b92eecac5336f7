package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/casefile-engine/casefile/handlers/accesslog"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/internal/progress"
)

// accessPatterns is exported like a register, and is none: it is sought anew.
const accessPatterns = "access-patterns"

// otlpHeaders is the variable with the headers for a collector, as
// name=value,name=value; a flag would show them to whoever lists processes.
const otlpHeaders = envPrefix + "OTLP_HEADERS"

// form is the form of another system that is asked for; "" for a register's own.
func (c *exportCmd) form() string {
	if slices.Contains(accesslog.Forms, c.Format) {
		return c.Format
	}
	return ""
}

// rowFormat is how the rows are written: the forms of other systems are lines of
// JSON already.
func (c *exportCmd) rowFormat() string {
	if c.form() != "" {
		return "jsonl"
	}
	return c.Format
}

// checkAccess refuses flags of the access register with what they are not of.
func (c *exportCmd) checkAccess(a *app) error {
	switch {
	case c.form() != "" && c.Register != "access":
		return invalid("not_that_form", "format", "fhir, nen7513 and ldv are forms of the access register; use jsonl, csv or xlsx")
	case c.OTLPEndpoint != "" && c.Format != accesslog.LDV:
		return invalid("not_that_form", "otlp-endpoint", "a collector gets Logboek Dataverwerkingen; give --format ldv as well")
	case c.OTLPEndpoint != "" && c.Out != "":
		return invalid("two_destinations", "out", "the lines go to the collector or to a file; leave one of the two out")
	case c.OTLPEndpoint != "" && a.overHTTP():
		return invalid("not_over_http", "otlp-endpoint", "lines are sent to a collector from the data directory; work there")
	case c.AfterPosition > 0 && (c.form() == "" || a.overHTTP()):
		return invalid("not_that_form", "after-position", "a position to go on after is of fhir, nen7513 and ldv on a data directory; use --from")
	case c.Names && c.Register != accessPatterns:
		return invalid("not_that_register", "names", "names are compared by access-patterns alone")
	case c.Register == accessPatterns && (c.Dossier != "" || c.AsOf != "" || c.KnownAt != "" || c.Open):
		return invalid("not_that_register", "register", "patterns are sought in a period: of the flags that choose rows they take --agency, --from and --until")
	}
	return nil
}

// accessRows gives the rows of what is about the access register and no export
// of its own; nil for everything else.
func (c *exportCmd) accessRows(a *app, e *engine.Engine, r queries.Reader, o queries.ExportOptions) func(func(any) error) error {
	switch {
	case c.Register == accessPatterns:
		r.Purpose = cmp.Or(c.Purpose, "audit")
		return func(emit func(any) error) error { return c.patterns(a, e, r, o, emit) }
	case c.form() != "":
		return func(emit func(any) error) error {
			return e.Queries.AccessLog(a.ctx, r, queries.AccessLogOptions{ExportOptions: o, AfterPosition: c.AfterPosition}, func(x *accesslog.Entry) error {
				line, ok, err := accesslog.Line(c.Format, x)
				if err != nil || !ok {
					return err
				}
				return emit(line)
			})
		}
	}
	return nil
}

// patterns seeks patterns in one agency, or in each.
func (c *exportCmd) patterns(a *app, e *engine.Engine, r queries.Reader, o queries.ExportOptions, emit func(any) error) error {
	agencies := []string{r.Agency}
	if r.Agency == "" {
		var err error
		if agencies, err = e.Queries.Agencies(a.ctx); err != nil {
			return err
		}
	}
	for _, agency := range agencies {
		r.Agency = agency
		p, err := e.Queries.AccessPatterns(a.ctx, r, queries.PatternOptions{From: o.From, Until: o.Until, Names: c.Names})
		if err != nil {
			return err
		}
		for _, x := range p.Patterns {
			if err := emit(x); err != nil {
				return err
			}
		}
	}
	return nil
}

// remotePatterns is patterns over HTTP.
func (c *exportCmd) remotePatterns(a *app, cl *client, q url.Values) func(func(any) error) error {
	if c.Names {
		q.Set("names", "true")
	}
	return func(emit func(any) error) (err error) {
		resp, err := cl.do(a.ctx, http.MethodGet, "/api/v1/agencies/"+url.PathEscape(c.Agency)+"/access/patterns?"+q.Encode(), "application/json", nil)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, resp.Body.Close()) }()
		var p queries.Patterns
		if err := json.NewDecoder(resp.Body).Decode(&p); err != nil {
			return answerCutShort(err)
		}
		for _, x := range p.Patterns {
			if err := emit(x); err != nil {
				return err
			}
		}
		return nil
	}
}

// send sends the lines to a collector. What it has acknowledged is told at the
// end, also where it went wrong, so that one can go on from there.
func (c *exportCmd) send(a *app, o queries.ExportOptions) (err error) {
	header, err := accesslog.Headers(a.io.Env[otlpHeaders])
	if err != nil {
		return invalid("invalid_header", otlpHeaders, "headers for a collector are written as name=value,name=value")
	}
	s, err := accesslog.NewSender(c.OTLPEndpoint, header)
	if err != nil {
		return err
	}
	e, r, release, err := c.openReader(a, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	bar := a.bar("sending", "lines")
	err = e.Queries.AccessLog(a.ctx, r, queries.AccessLogOptions{ExportOptions: o, AfterPosition: c.AfterPosition}, func(x *accesslog.Entry) error {
		err := s.Add(a.ctx, x)
		n, _ := s.Acknowledged()
		bar.Update(uint64(n), -1) //nolint:gosec // a count
		return err
	})
	if err == nil {
		err = s.Flush(a.ctx)
	}
	n, position := s.Acknowledged()
	bar.Done()
	a.say("%s lines acknowledged, up to position %d; go on with --after-position %d", progress.Count(uint64(n)), position, max(position, c.AfterPosition)) //nolint:gosec // a count
	return err
}
