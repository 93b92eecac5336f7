package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/casefile-engine/casefile/domain/overview"
	"github.com/casefile-engine/casefile/handlers/exporting"
	"github.com/casefile-engine/casefile/handlers/queries"
)

// overviewCmd asks for a management overview (C-1.2d).
type overviewCmd struct {
	Agency  string   `required:"" placeholder:"A" help:"The agency."`
	By      []string `placeholder:"D,D" help:"Group by one or two of service, referral, commissioner, recipient, standing, status, outcome, start_year, start_quarter, end_year, end_quarter."`
	Where   []string `sep:"none" placeholder:"D=CODE,…" help:"Select: one or more codes of a dimension; may be given again for another."`
	Measure []string `enum:"count,hours,outcomes" default:"count" placeholder:"M,M" help:"What to show: count, hours, outcomes."`
	Format  string   `enum:"table,jsonl,csv" default:"table" help:"table, jsonl or csv."`
}

func (overviewCmd) place() place { return onAny }

func (c *overviewCmd) Run(a *app) error {
	q := overview.Query{By: c.By, Measures: c.Measure, Where: map[string][]string{}}
	for _, w := range c.Where {
		name, codes, ok := strings.Cut(w, "=")
		if !ok || q.Where[name] != nil {
			return invalid("invalid_where", "where", "write a selection as status=open,declined, each dimension once")
		}
		q.Where[name] = strings.Split(codes, ",")
	}
	o, err := c.ask(a, q)
	if err != nil {
		return err
	}
	if err := c.print(a.io.Stdout, a.g.JSON, o); err != nil {
		return err
	}
	a.say("counted at %s; every number is rounded to a multiple of %d by itself, totals too, so they need not add up", o.CountedAt.Format(time.RFC3339), o.Rounded)
	a.say("%s: fewer than %d people, or withheld so that such a number cannot be worked out", o.Mark, o.Threshold)
	return nil
}

// ask puts the question to the data directory, its server, or over HTTP.
func (c *overviewCmd) ask(a *app, q overview.Query) (o *queries.Overview, err error) {
	if a.overHTTP() {
		return c.remote(a, q)
	}
	e, release, err := a.open(false)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, release()) }()
	return e.Queries.Overview(a.ctx, a.reader(c.Agency, queries.OverviewPurpose, "view"), q)
}

func (c *overviewCmd) remote(a *app, q overview.Query) (*queries.Overview, error) {
	cl, err := newClient(a)
	if err != nil {
		return nil, err
	}
	params := url.Values{"measures": {strings.Join(q.Measures, ",")}}
	if len(q.By) > 0 {
		params.Set("by", strings.Join(q.By, ","))
	}
	for name, codes := range q.Where {
		params.Set(name, strings.Join(codes, ","))
	}
	resp, err := cl.do(a.ctx, http.MethodGet, "/api/v1/agencies/"+url.PathEscape(c.Agency)+"/overview?"+params.Encode(), "application/json", nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	o := &queries.Overview{}
	return o, json.NewDecoder(resp.Body).Decode(o)
}

// print writes the rows, a column for each dimension and each number.
func (c *overviewCmd) print(out io.Writer, asJSON bool, o *queries.Overview) error {
	if c.Format == "jsonl" || asJSON {
		e := json.NewEncoder(out)
		e.SetEscapeHTML(false)
		for _, r := range o.Rows {
			row, _ := cellsOf(o, r)
			if err := e.Encode(row); err != nil {
				return err
			}
		}
		return nil
	}
	columns := columnsOfOverview(o)
	if c.Format == "csv" {
		w, err := exporting.NewCSV(columns, out)
		if err != nil {
			return err
		}
		for _, r := range o.Rows {
			row, _ := cellsOf(o, r)
			if err := w.Row(row); err != nil {
				return err
			}
		}
		return w.Close()
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.ToUpper(strings.Join(columns, "\t")))
	for _, r := range o.Rows {
		_, texts := cellsOf(o, r)
		fmt.Fprintln(w, strings.Join(texts, "\t"))
	}
	return w.Flush()
}

func columnsOfOverview(o *queries.Overview) []string {
	columns := append(slices.Clone(o.By), overview.Count)
	if slices.Contains(o.Measures, overview.Hours) {
		columns = append(columns, overview.Hours)
	}
	return append(columns, outcomesOf(o)...)
}

// outcomesOf are the columns of the outcomes in an overview.
func outcomesOf(o *queries.Overview) []string {
	seen := map[string]bool{}
	for _, r := range o.Rows {
		for code := range r.Outcomes {
			seen["outcome_"+code] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// cellsOf are a row's cells by column, and as texts in the columns' order.
func cellsOf(o *queries.Overview, r overview.Row) (row map[string]any, texts []string) {
	row = map[string]any{overview.Count: r.Count}
	for i, name := range o.By {
		row[name] = r.Codes[i]
	}
	if r.Hours != nil {
		row[overview.Hours] = *r.Hours
	}
	for code, v := range r.Outcomes {
		row["outcome_"+code] = v
	}
	for _, column := range columnsOfOverview(o) {
		text := ""
		if v, ok := row[column]; ok {
			text = fmt.Sprint(v)
		}
		texts = append(texts, text)
	}
	return row, texts
}
