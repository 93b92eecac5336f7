package queries

import (
	"context"
	"maps"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/policy"
	"github.com/casefile-engine/casefile/projections/dossiers"
)

// countingSeen takes out of the rows of the dossiers how many records there are
// of a category that the reader may not see: that there is a medical record of
// somebody says something of his health (C-0d, C-2.7e, L-9). Of all rows the
// policies are asked about the register, of the reader's own about each dossier.
func (s *Service) countingSeen(ctx context.Context, r Reader, o ExportOptions, sc scope, emit func(row any) error) (func(row any) error, error) {
	if o.Register != "dossiers" {
		return emit, nil
	}
	q := commands.Question{Action: r.Action, Of: policy.OfRegister, Register: o.Register, Purpose: r.Purpose, Categories: domain.Categories}
	if !sc.all {
		return s.countingOwn(ctx, r, sc, emit)
	}
	decisions, err := s.commands.Authorise(ctx, r.Caller, r.Agency, q)
	if err != nil {
		return nil, err
	}
	p := combine(decisions, q.Categories)
	return trimming(func(string) pass { return p }, emit), nil
}

func (s *Service) countingOwn(ctx context.Context, r Reader, sc scope, emit func(row any) error) (func(row any) error, error) {
	ids := make([]string, 0, len(sc.only))
	for id := range sc.only {
		ids = append(ids, id)
	}
	passes, err := s.passes(ctx, r, "view", ids)
	if err != nil {
		return nil, err
	}
	return trimming(func(id string) pass { return passes[id] }, emit), nil
}

// passes are what the reader may see of each of some dossiers.
func (s *Service) passes(ctx context.Context, r Reader, action string, ids []string) (map[string]pass, error) {
	q := commands.Question{Action: action, Of: policy.OfDossier, Purpose: r.Purpose, Categories: domain.Categories}
	table, err := s.commands.AuthoriseTable(ctx, r.Caller, r.Agency, q, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[string]pass, len(ids))
	for i, id := range ids {
		out[id] = combine(table[i], q.Categories)
	}
	return out, nil
}

// trimming lets the numbers through that the pass for the row's dossier takes in.
func trimming(of func(dossier string) pass, emit func(row any) error) func(row any) error {
	return func(row any) error {
		switch x := row.(type) {
		case dossiers.Row:
			x.Records = seenOf(of(x.Dossier), x.Records)
			return emit(x)
		case OpenedDossier:
			x.Records = seenOf(of(x.Dossier), x.Records)
			return emit(x)
		}
		return emit(row)
	}
}

func seenOf(p pass, records map[domain.Category]int) map[domain.Category]int {
	if p.whole {
		return records
	}
	out := maps.Clone(records)
	maps.DeleteFunc(out, func(c domain.Category, _ int) bool { return !p.sees(c) })
	return out
}

// total is how many records that is together.
func total(records map[domain.Category]int) (n int) {
	for _, k := range records {
		n += k
	}
	return n
}
