package apitest

import (
	"context"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/accesslog"
	"github.com/casefile-engine/casefile/handlers/queries"
)

// mayAll lets Anna alone see the whole access register here.
func (e *Engine) mayAll(r queries.Reader) error {
	if err := e.look(r); err != nil {
		return err
	}
	if r.Caller.Staff != Anna && r.Caller.Staff != Fleur {
		return &domain.Error{Kind: domain.KindForbidden, Code: "not_permitted", Rule: "C-2.7e", Message: "your role does not permit this; ask somebody whose task it is, or the administrator"}
	}
	return nil
}

// AccessRegister gives one look at the dossier First.
func (e *Engine) AccessRegister(_ context.Context, r queries.Reader, f queries.AccessFilter) (*queries.AccessPage, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.mayAll(r); err != nil {
		return nil, err
	}
	l := queries.AccessLook{Position: 40, RecordedAt: Now, OccurredAt: Now, Dossiers: []string{First}, Actor: Anna, Role: "coach",
		Action: "view", Categories: []domain.Category{"contact", "report"}, Purpose: "guidance", Ground: "assignment", Outcome: "allowed", Door: "web"}
	if f.Names {
		l.Name = "Anna de Coach"
	}
	p := &queries.AccessPage{Agency: r.Agency, Looks: []queries.AccessLook{}, AccessRecord: e.position}
	if e.seen != nil {
		p.Looks = e.seen.Looks
		return p, nil
	}
	if (f.Dossier == "" || f.Dossier == First) && (f.Staff == "" || f.Staff == Anna) && (f.Outcome == "" || f.Outcome == l.Outcome) {
		p.Looks = append(p.Looks, l)
	}
	return p, nil
}

// AccessForClient gives that look as the client is told of it.
func (e *Engine) AccessForClient(_ context.Context, r queries.Reader, dossier string, _, _ time.Time) (*queries.ClientAccess, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.mayAll(r); err != nil {
		return nil, err
	}
	if e.seen != nil {
		return &queries.ClientAccess{Agency: r.Agency, Dossier: dossier, AccessRecord: e.position, Days: e.seen.Days}, nil
	}
	return &queries.ClientAccess{Agency: r.Agency, Dossier: dossier, AccessRecord: e.position, Days: []queries.ClientAccessDay{{
		Day: nl.DateOf(Now), Lines: []queries.ClientAccessLine{{Role: "coach", Purpose: "guidance", Action: "view", Outcome: "allowed", Categories: []domain.Category{"contact", "report"}, Times: 2}},
	}}}, nil
}

// AccessPatterns gives one pattern, and another when names are compared.
func (e *Engine) AccessPatterns(_ context.Context, r queries.Reader, o queries.PatternOptions) (*queries.Patterns, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.mayAll(r); err != nil {
		return nil, err
	}
	if e.seen != nil {
		return &queries.Patterns{Agency: r.Agency, From: Now, Until: Now, AccessRecord: e.position, Patterns: e.seen.Patterns}, nil
	}
	p := &queries.Patterns{Agency: r.Agency, From: Now.AddDate(0, 0, -31), Until: Now, AccessRecord: e.position,
		Patterns: []queries.Pattern{{Agency: r.Agency, Code: queries.PatternHours, Staff: Cleo, Count: 2, From: Now, Until: Now, Positions: []uint64{38, 39}}}}
	if o.Names {
		e.position++
		p.NamesRecord = e.position
		p.Patterns = append(p.Patterns, queries.Pattern{Agency: r.Agency, Code: queries.PatternOwnName, Staff: Cleo, Count: 1, From: Now, Until: Now, Positions: []uint64{39}})
	}
	return p, nil
}

// AccessLog gives a look and a denied command.
func (e *Engine) AccessLog(_ context.Context, r queries.Reader, o queries.AccessLogOptions, emit func(*accesslog.Entry) error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.mayAll(r); err != nil {
		return err
	}
	list := []accesslog.Entry{{Agency: r.Agency, Position: 40, Occurred: Now, Recorded: Now, Trace: [16]byte{15: 1}, Span: [8]byte{7: 1},
		Subject: "aa00000000000000000000000000000000000000000000000000000000000000", Actor: Anna, Role: "coach", Action: "view", Outcome: "allowed",
		Categories: []domain.Category{"contact"}, Purpose: "guidance", Ground: "assignment", Profile: "click-2017/1", Policies: []string{"coach-reads-assigned"}, Digest: "00", Door: "web"}}
	denied := list[0]
	denied.Position, denied.Trace, denied.Action, denied.Outcome, denied.Purpose, denied.Ground, denied.Code = 41, [16]byte{15: 2}, "change", "denied", "", "none", "not_assigned"
	for _, x := range slices.Concat(list, []accesslog.Entry{denied}) {
		if o.Subject != "" && o.Subject != x.Subject || o.Activity != "" && o.Activity != x.Activity() {
			continue
		}
		if err := emit(&x); err != nil {
			return err
		}
	}
	return nil
}
