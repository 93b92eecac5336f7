package queries

import (
	"context"
	"slices"
	"strings"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/seal"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/policy"
	"github.com/casefile-engine/casefile/projections/access"
	"github.com/casefile-engine/casefile/projections/commits"
	"github.com/casefile-engine/casefile/projections/rows"
)

// EvidencePurposes are those for which evidence may be made.
var EvidencePurposes = []string{"audit", "rights_request"}

// Evidence is what somebody was let through with who makes an evidence bundle of
// a dossier. Its making is on record.
type Evidence struct {
	Agency, Dossier string
	// Position is where the access is on record.
	Position uint64

	s      *Service
	ack    seal.Acknowledgement
	view   *DossierView // nil: nothing is opened
	owners map[string]bool
}

// EvidenceSection is a sealed section of a commit that Evidence has to do with.
type EvidenceSection struct {
	Section    int // its place among the commit's sealed sections, from 0
	Ref        eventstore.SectionRef
	State      string // open, destroyed, hidden, restricted
	Plain      []byte // of an open one
	Ciphertext []byte
}

// Evidence lets somebody through who makes an evidence bundle of a dossier: the
// policies must open the registers of the history and of the accesses to him
// and, with open, the dossier, whose categories they then decide on one by one.
// The access is on record when it returns, the operator's as well: a bundle goes
// out of the house. Errors: not found, forbidden, unavailable.
func (s *Service) Evidence(ctx context.Context, r Reader, id string, open bool) (*Evidence, error) {
	r.Action = "export"
	if err := checkReader(r); err != nil {
		return nil, err
	}
	if !slices.Contains(EvidencePurposes, r.Purpose) {
		return nil, &domain.Error{Kind: domain.KindForbidden, Code: "evidence_purpose", Rule: "C-I1", Field: "purpose", Message: "evidence is made for an audit or for a request of the client; give the purpose " + strings.Join(EvidencePurposes, " or ")}
	}
	id, err := domain.ParseID("dossier", id)
	if err != nil {
		return nil, err
	}
	if err := s.wait(ctx, r); err != nil {
		return nil, err
	}
	if err := s.known(ctx, r); err != nil {
		return nil, err
	}
	var p pass
	for _, register := range []string{accessRegister, "history"} {
		if p, err = s.authorise(ctx, r, commands.Question{Of: policy.OfRegister, Register: register}); err != nil {
			return nil, err
		}
	}
	if err := s.current(ctx); err != nil {
		return nil, err
	}
	if err := s.existing(ctx, r, id); err != nil {
		return nil, err
	}
	e := &Evidence{Agency: r.Agency, Dossier: id, s: s, owners: map[string]bool{}}
	l := look{dossiers: []string{id}}
	if open {
		if p, l, err = e.open(ctx, r); err != nil {
			return nil, err
		}
	}
	for _, o := range l.owners {
		e.owners[o] = true
	}
	e.ack, e.Position, err = s.record(ctx, r, p, l)
	return e, err
}

// open decides on the dossier's categories, and names what will be opened: the
// dossier's own sections, and the names of those who were assigned or looked.
func (e *Evidence) open(ctx context.Context, r Reader) (pass, look, error) {
	s := e.s
	p, err := s.authorise(ctx, r, commands.Question{Of: policy.OfDossier, Dossier: e.Dossier, Categories: everything})
	if err != nil {
		return p, look{}, err
	}
	ref := domain.Ref{Agency: e.Agency, Kind: domain.KindDossier, ID: e.Dossier}
	h, err := s.history(ctx, ref, DossierOptions{})
	if err != nil {
		return p, look{}, err
	}
	e.view = &DossierView{pass: p}
	if err := e.view.describe(h, s.day(DossierOptions{})); err != nil {
		return p, look{}, err
	}
	if err := s.shield(ctx, ref, e.view); err != nil {
		return p, look{}, err
	}
	l := look{dossiers: []string{e.Dossier}, categories: []domain.Category{domain.CatStaff}, owners: []string{"dossier/" + e.Dossier}}
	for _, c := range h.commits {
		l.owners = append(l.owners, "staff/"+c.Envelope.Actor)
		for _, k := range c.Envelope.Data.Categories {
			if p.sees(k) {
				l.categories = append(l.categories, k)
			}
		}
	}
	if st, ok := h.state.(*dossier.State); ok {
		for _, a := range st.Assignments {
			l.owners = append(l.owners, "staff/"+a.Staff)
		}
	}
	filter := access.Filter{Filter: rows.Filter{Agency: e.Agency, Dossier: e.Dossier}}
	err = access.Looks(ctx, s.db, filter, func(x access.Look) error {
		l.owners = append(l.owners, "staff/"+x.Actor)
		return nil
	})
	l.owners = append(l.owners, "staff/"+r.Caller.Staff)
	l.owners = slices.DeleteFunc(l.owners, func(o string) bool { return o == "staff/"+domain.Operator || o == "staff/"+domain.Engine })
	slices.Sort(l.owners)
	l.owners = slices.Compact(l.owners)
	return p, l, err
}

// Opens tells whether anything is opened.
func (e *Evidence) Opens() bool { return e.view != nil }

// Staff are the members of staff whose names may be opened, in byte order.
func (e *Evidence) Staff() (out []string) {
	for o := range e.owners {
		if id, ok := strings.CutPrefix(o, "staff/"); ok {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// Current waits until the views have all that is on the stream by now.
func (e *Evidence) Current(ctx context.Context) error { return e.s.current(ctx) }

// Commit reads a commit of the agency by its position, compared with its leaf.
func (e *Evidence) Commit(ctx context.Context, position uint64) (*eventstore.Commit, error) {
	x, ok, err := commits.At(ctx, e.s.db, e.Agency, position)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, behind(nil)
	}
	return x.Checked()
}

// Sections gives the sections of a commit that belong to the dossier, or are the
// names of those who looked at it: opened, or with the word for why not. Those
// of others are not among them.
func (e *Evidence) Sections(ctx context.Context, c *eventstore.Commit) (out []EvidenceSection, err error) {
	if e.view == nil {
		return nil, nil
	}
	n := -1
	err = sections(c, func(_ int, ev *eventstore.StoredEvent, ref eventstore.SectionRef, sealed seal.Sealed) error {
		n++
		if !e.owners[ref.Owner] {
			return nil
		}
		x := EvidenceSection{Section: n, Ref: ref, Ciphertext: sealed.Ciphertext}
		var v Value
		record := recordOf(ev.Data)
		switch {
		case !e.view.shows(ref.Category, record):
			v.State = "hidden"
		case e.view.restricted[record]:
			v.State = "restricted"
		default:
			if err := e.s.opened(ctx, e.ack, sealed, &v); err != nil {
				return err
			}
		}
		x.State, x.Plain = v.State, v.Data
		out = append(out, x)
		return nil
	})
	return out, err
}
