package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/casefile-engine/casefile/handlers/queries"
)

// searchInput has what is looked for in its body: an address stays behind in the
// logs of proxies, and a name is personal data.
type searchInput struct {
	Agency string `path:"agency"`
	Body   struct {
		Q       string `json:"q" doc:"Words: each a part of a name, of a trajectory number or of the commissioner's name; or a whole citizen service number"`
		Purpose string `json:"purpose,omitempty" default:"guidance" doc:"A purpose of the catalogue; recorded with the access"`
		After   uint64 `json:"after,omitempty" doc:"Wait until the views have reached this position"`
	}
}

type searchOutput struct {
	Position uint64 `header:"Casefile-Position"`
	Body     *queries.SearchResult
}

func (s *service) serveSearch(ctx context.Context, in *searchInput) (*searchOutput, error) {
	v, err := s.processSearch(ctx, in)
	if err != nil {
		return nil, s.failed(err)
	}
	return &searchOutput{Position: v.AccessRecord, Body: v}, nil
}

func (s *service) processSearch(ctx context.Context, in *searchInput) (*queries.SearchResult, error) {
	purpose, err := ParsePurpose(in.Body.Purpose)
	if err != nil {
		return nil, err
	}
	r, err := reader(ctx, in.Agency, purpose, "search", in.Body.After)
	if err != nil {
		return nil, err
	}
	return s.Queries.Search(ctx, r, in.Body.Q)
}

// searchOperation describes the route.
func searchOperation(who huma.Middlewares) huma.Operation {
	return huma.Operation{
		OperationID: "search", Method: http.MethodPost, Path: "/api/v1/agencies/{agency}/search", Summary: "Search the dossiers that one may see",
		Description: "By a part of a name, with or without accents, a trajectory number, the commissioner, or a whole citizen service number. At most 50 are given; `more` tells that there are others. " +
			"The access is recorded before any name is opened, also when nothing is found; what was looked for is kept nowhere.",
		Tags: []string{"views"}, Middlewares: who, MaxBodyBytes: MaxBody, BodyReadTimeout: bodyTimeout, Errors: append([]int{413}, readErrors...),
	}
}
