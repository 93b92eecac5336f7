package api

import (
	"context"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/casefile-engine/casefile/domain/overview"
	"github.com/casefile-engine/casefile/handlers/queries"
)

// overviewInput has one parameter for each dimension of an overview: the codes
// selected, with commas between them.
type overviewInput struct {
	Agency       string   `path:"agency"`
	By           []string `query:"by" doc:"At most two dimensions to group by"`
	Measures     []string `query:"measures" enum:"count,hours,outcomes" doc:"What is shown; count always is"`
	Service      []string `query:"service"`
	Referral     []string `query:"referral"`
	Commissioner []string `query:"commissioner" doc:"Subtype of the commissioning party, other or none"`
	Recipient    []string `query:"recipient" doc:"Id of the commissioning party, or none"`
	Standing     []string `query:"standing"`
	Status       []string `query:"status"`
	Outcome      []string `query:"outcome"`
	StartYear    []string `query:"start_year" doc:"Years in which the dossier was opened"`
	StartQuarter []string `query:"start_quarter" doc:"Quarters, as 2024-Q3"`
	EndYear      []string `query:"end_year" doc:"Years in which guidance ended, or none"`
	EndQuarter   []string `query:"end_quarter" doc:"Quarters, as 2024-Q3, or none"`
	After        uint64   `query:"after" doc:"Wait until the views have reached this position"`
}

// query is the question in the engine's form.
func (in *overviewInput) query() overview.Query {
	q := overview.Query{By: in.By, Measures: in.Measures, Where: map[string][]string{}}
	for name, codes := range map[string][]string{
		"service": in.Service, "referral": in.Referral, "commissioner": in.Commissioner, "recipient": in.Recipient, "standing": in.Standing,
		"status": in.Status, "outcome": in.Outcome, "start_year": in.StartYear, "start_quarter": in.StartQuarter, "end_year": in.EndYear, "end_quarter": in.EndQuarter,
	} {
		if len(codes) > 0 {
			q.Where[name] = codes
		}
	}
	return q
}

type overviewOutput struct {
	Position uint64 `header:"Casefile-Position"`
	Body     any    // *queries.Overview: its schema, with numbers that may be marks, is written by hand
}

func (s *service) serveOverview(ctx context.Context, in *overviewInput) (*overviewOutput, error) {
	o, err := s.processOverview(ctx, in)
	if err != nil {
		return nil, s.failed(err)
	}
	return &overviewOutput{Position: o.Position, Body: o}, nil
}

func (s *service) processOverview(ctx context.Context, in *overviewInput) (*queries.Overview, error) {
	r, err := reader(ctx, in.Agency, queries.OverviewPurpose, "view", in.After)
	if err != nil {
		return nil, err
	}
	return s.Queries.Overview(ctx, r, in.query())
}

// overviewOperation describes the route.
func overviewOperation(who huma.Middlewares) huma.Operation {
	return huma.Operation{
		OperationID: "read-overview", Method: "GET", Path: "/api/v1/agencies/{agency}/overview", Summary: "Ask for a management overview",
		Description: "Counts, hours and outcomes over dossiers, for a director or a compliance officer. The question is recorded before it is answered. " +
			"Every number is rounded by itself; small ones, and others by which these could be worked out, are withheld. A selection of nearly the same people as an earlier one is refused with `differencing`. " +
			"The dimensions are " + strings.Join(overview.Dimensions(), ", ") + ".",
		Tags: []string{"overviews"}, Middlewares: who, Errors: append([]int{422}, readErrors...), Responses: overviewResponses(),
	}
}

func overviewResponses() map[string]*huma.Response {
	text, number := &huma.Schema{Type: "string"}, &huma.Schema{Type: "integer"}
	value := &huma.Schema{OneOf: []*huma.Schema{number, text}, Description: "The number, or the mark of a withheld one"}
	list := &huma.Schema{Type: "array", Items: text}
	row := &huma.Schema{Type: "object", Required: []string{"codes", "count"}, Properties: map[string]*huma.Schema{
		"codes": {Type: "array", Items: text, Description: "Of the dimensions in by; * for a total over one"},
		"total": {Type: "boolean", Description: "A total, rounded by itself: it need not be the sum of the rows"},
		"count": value, "hours": value,
		"outcomes": {Type: "object", AdditionalProperties: value, Description: "Counts by outcome"},
	}}
	return map[string]*huma.Response{"200": {
		Description: "The overview",
		Headers:     map[string]*huma.Param{PositionHeader: {Schema: number, Description: "Where the question is on record"}},
		Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Type: "object", Properties: map[string]*huma.Schema{
			"agency": text, "by": list, "measures": list, "position": number, "threshold": number, "rounded_to": number,
			"mark":       {Type: "string", Description: "Stands for a withheld number"},
			"where":      {Type: "object", AdditionalProperties: list},
			"counted_at": {Type: "string", Format: "date-time", Description: "When the dossiers were counted: overviews close to each other count the same ones"},
			"rows":       {Type: "array", Items: row},
		}}}},
	}}
}
