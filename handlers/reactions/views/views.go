// Package views ends third parties' views whose basis has gone (C-2.7b, L-7):
// the consent was withdrawn or has run out, or the dossier runs no more. Nobody
// could look any more by then; the event closes the view in the register. A view
// that reaches its own end needs none.
package views

import (
	"context"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/reactions"
	"github.com/casefile-engine/casefile/projections/duties"
)

// Timer ends views.
type Timer struct{}

// Name is constant.
func (Timer) Name() string { return "third-party-views" }

// Due ends each view that no longer holds although its time has not come.
func (Timer) Due(ctx context.Context, t *reactions.Tools, now time.Time, _ nl.Date, emit reactions.Emit) error {
	facts, err := duties.Load(ctx, t.DB, "", "")
	if err != nil {
		return err
	}
	var list []reactions.Command
	for _, v := range facts.Views {
		if !v.Ended.IsZero() || !v.Until.After(now) {
			continue
		}
		holds := true
		ref := domain.Ref{Agency: v.Agency, Kind: domain.KindDossier, ID: v.Dossier}
		err := t.Commands.State(ctx, ref, func(state any, _ uint64) error {
			s, ok := state.(*dossier.State)
			holds = !ok || s.ViewHolds(v.View, now)
			return nil
		})
		if err != nil {
			return err
		}
		if !holds {
			list = append(list, reactions.Command{
				Agency: v.Agency, Dossier: v.Dossier, Data: &dossier.EndThirdPartyView{View: v.View},
				Key: strings.Join([]string{v.Agency, v.Dossier, v.View}, "|"), Settled: []string{"view_ended"},
			})
		}
	}
	return emit(ctx, list...)
}
