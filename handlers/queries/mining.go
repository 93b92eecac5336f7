package queries

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/mining"
	"github.com/casefile-engine/casefile/projections/commits"
)

// miningUse is the use under which ids are digested for process mining.
const miningUse = "mining"

// MiningOptions choose what goes into an event log. Register and Open of the
// embedded options are not used.
type MiningOptions struct {
	ExportOptions
	// ByDossier gives the events on dossiers alone, one dossier after the other in
	// byte order of their ids; otherwise all come in stream order.
	ByDossier bool
	// Pseudonyms gives pseudonyms in place of all ids, the same at each export; of
	// trajectory numbers there are only those.
	Pseudonyms bool
}

// Mining calls emit with the events of an agency's history for process mining
// without anything personal. It is for whoever may export the register
// history whole, and goes on record as that.
func (s *Service) Mining(ctx context.Context, r Reader, o MiningOptions, emit func(*mining.Event) error) error {
	if r.Agency == "" {
		known, err := s.Agencies(ctx)
		if err != nil {
			return err
		}
		if len(known) != 1 {
			return domain.Invalid("agency_missing", "agency", "an event log is of one agency; name it")
		}
		r.Agency = known[0]
	}
	if err := inOrder(o.From, o.Until); err != nil {
		return err
	}
	p, err := s.overseen(ctx, r, "history")
	if err != nil {
		return err
	}
	l := look{}
	if o.Dossier != "" {
		if o.Dossier, err = domain.ParseID("dossier", o.Dossier); err == nil {
			err = s.existing(ctx, r, o.Dossier)
		}
		if err != nil {
			return err
		}
		l.dossiers = []string{o.Dossier}
	}
	if r.Caller.Staff != domain.Operator {
		if _, _, err := s.record(ctx, r, p, l); err != nil {
			return err
		}
	}
	t, err := s.then(ctx, DossierOptions{AsOf: o.AsOf, KnownAt: o.KnownAt})
	if err != nil {
		return err
	}
	name := s.pseudonyms(ctx, r.Agency, o.Pseudonyms)
	each := func(e commits.Entry) error {
		c, err := e.Checked()
		if err != nil || !t.admits(c) || !within(c.Envelope.Time, o.From, o.Until) {
			return err
		}
		events, err := mining.Of(c, name)
		for _, x := range events {
			if err == nil {
				err = emit(x)
			}
		}
		return err
	}
	switch {
	case o.Dossier != "":
		return commits.ReadAggregate(ctx, s.db, domain.Ref{Agency: r.Agency, Kind: domain.KindDossier, ID: o.Dossier}, 0, each)
	case o.ByDossier:
		upTo := t.upTo
		if !t.bounded {
			if upTo, err = commits.Horizon(ctx, s.db, forever); err != nil {
				return err
			}
		}
		return commits.EachOfKind(ctx, s.db, r.Agency, domain.KindDossier, upTo, each)
	}
	return commits.Each(ctx, s.db, r.Agency, commits.HistoryFilter{}, each)
}

// within tells whether an instant lies in a period; from is taken in, until is not.
func within(t time.Time, from, until *time.Time) bool {
	return (from == nil || !t.Before(*from)) && (until == nil || t.Before(*until))
}

// pseudonyms names objects: trajectory numbers stand on invoices beside a name,
// so that they never go out themselves.
func (s *Service) pseudonyms(ctx context.Context, agency string, all bool) mining.Pseudonym {
	known := map[string]string{}
	return func(objectType, id string) (string, error) {
		if !all && objectType != mining.Trajectory {
			return "", nil
		}
		key := objectType + "\x00" + id
		if name, ok := known[key]; ok {
			return name, nil
		}
		sum, err := s.digester.Digest(ctx, agency, miningUse, []byte(key))
		if err == nil {
			known[key] = hex.EncodeToString(sum[:16])
		}
		return known[key], err
	}
}
