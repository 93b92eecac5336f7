package queries

import (
	"context"
	"errors"
	"slices"
	"strings"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore/seal"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/policy"
	"github.com/casefile-engine/casefile/handlers/search"
	"github.com/casefile-engine/casefile/projections/dossiers"
	"github.com/casefile-engine/casefile/projections/people"
	"github.com/casefile-engine/casefile/projections/rows"
)

// MaxHits is how many dossiers one search shows at most.
const MaxHits = 50

// What a dossier was found by.
const (
	ByName         = "name"
	ByTrajectory   = "trajectory"
	ByCommissioner = "commissioner"
	ByBSN          = "bsn"
)

// SearchHit is one dossier that a search found.
type SearchHit struct {
	Dossier      string   `json:"dossier"`
	Name         string   `json:"name"` // "Family name, given names", opened
	Status       string   `json:"status"`
	Service      string   `json:"service"`
	Trajectories []string `json:"trajectories,omitempty"`
	// Commissioner is the opened name, where it is what was looked for.
	Commissioner string   `json:"commissioner,omitempty"`
	AssignedToMe bool     `json:"assigned_to_me"`
	By           []string `json:"by"` // name, trajectory, commissioner, bsn
}

// SearchResult is what a search shows: the reader's own dossiers first, each
// part in the order of the names.
type SearchResult struct {
	Hits []SearchHit `json:"hits"`
	// More tells that other dossiers which the reader may see match as well.
	More bool `json:"more,omitempty"`
	// Behind tells that the index is still being made, so that something may be
	// missing.
	Behind bool `json:"behind,omitempty"`
	// AccessRecord is the position of the access event.
	AccessRecord uint64 `json:"access_position"`
}

// Search finds dossiers by words of which each is a part of the client's name,
// of a trajectory number or of the commissioner's name, or by a whole citizen
// service number. It looks among the dossiers that the reader may see and
// nowhere else, so that neither its answer nor the time that it takes tells of
// others; each is decided on by the stream's own facts (C-0d). At most MaxHits
// are shown.
//
// One access event names the dossiers of which the name is then opened, also
// when there are none; searching by number records the category bsn as well, and
// is open for dossiers alone whose number the reader may see (L-U46). The event
// may name a dossier that is not shown: the index found it, its name was opened
// for the reader, and it did not hold what was looked for. The text of the search
// is kept nowhere.
func (s *Service) Search(ctx context.Context, r Reader, text string) (*SearchResult, error) {
	if err := checkReader(r); err != nil {
		return nil, err
	}
	q, err := search.Parse(text)
	if err != nil {
		return nil, err
	}
	if err := s.wait(ctx, r); err != nil {
		return nil, err
	}
	f := &finding{Service: s, r: r, q: q, matched: map[string]*match{}}
	if err := f.reach(ctx); err != nil {
		return nil, err
	}
	if f.out.Behind, err = s.index.Ready(ctx); err != nil {
		return nil, &domain.Error{Kind: domain.KindUnavailable, Code: "unavailable", Rule: "C-2.1.4b", Message: "the search index cannot be brought up to the stream now, so nothing is shown; try again in a moment", Cause: err}
	}
	if err := f.mine(ctx); err != nil {
		return nil, err
	}
	if err := f.find(ctx); err != nil {
		return nil, err
	}
	if err := f.permit(ctx); err != nil {
		return nil, err
	}
	return &f.out, f.show(ctx)
}

// finding is one search on its way.
type finding struct {
	*Service
	r   Reader
	q   search.Query
	out SearchResult

	p pass
	// all: every dossier may be among those that he may see; otherwise ids are.
	all          bool
	ids          []string
	own          map[string]bool // those assigned to him
	commissioner bool            // he may see recipients' names

	sponsors map[string]search.Mask // by recipient
	matched  map[string]*match
	kept     []*match
}

// match is a dossier that the index found, and why.
type match struct {
	search.Mask
	dossier  string
	sponsors []string // recipients by whose names it was found
	number   search.Mask
	bsn      bool
}

func (f *finding) question(c domain.Category) commands.Question {
	return commands.Question{Action: f.r.Action, Of: policy.OfDossier, Purpose: f.r.Purpose, Categories: []domain.Category{c}}
}

// reach decides whether he may search at all, and whether among all dossiers.
func (f *finding) reach(ctx context.Context) error {
	q := f.question(domain.CatContact)
	byRole, err := f.commands.Authorise(ctx, f.r.Caller, f.r.Agency, q)
	if err != nil {
		return err
	}
	if f.p, f.all = combine(byRole, q.Categories), byRole[0].Allowed; !f.all {
		var granted bool
		if f.p, granted, err = f.byGrant(ctx, f.r, q); err != nil {
			return err
		}
		if q.Own = true; !granted { // would a dossier of his own be open to him?
			if f.p, err = f.authorise(ctx, f.r, q); err != nil {
				return err
			}
		}
	}
	office, err := f.commands.Authorise(ctx, f.r.Caller, f.r.Agency, commands.Question{Action: "view", Of: policy.OfOffice, Purpose: f.r.Purpose})
	if err != nil {
		return err
	}
	f.commissioner = office[0].Allowed
	return nil
}

// mine gathers the dossiers assigned to him, as far as the view knows, and those
// that authorisations name.
func (f *finding) mine(ctx context.Context) error {
	f.own, f.ids = map[string]bool{}, []string{}
	st := f.r.Caller.Staff
	if st == domain.Operator || st == domain.Engine {
		return nil
	}
	own, err := dossiers.AssignedTo(ctx, f.db, f.r.Agency, st, f.clock.Now())
	if err != nil {
		return err
	}
	for _, id := range own {
		f.own[id] = true
	}
	named, team, err := f.commands.Grants(ctx, f.r.Agency, st)
	if err != nil {
		return err
	}
	if f.all = f.all || team; !f.all {
		if f.all, err = f.commands.Team(ctx, f.r.Agency); err != nil {
			return err
		}
	}
	f.ids = append(f.ids, own...)
	for _, id := range named {
		if !f.own[id] {
			f.ids = append(f.ids, id)
		}
	}
	return nil
}

// find asks the index and the view of dossiers for what matches.
func (f *finding) find(ctx context.Context) error {
	among := f.ids
	if f.all {
		among = nil
	}
	named, err := f.index.Named(ctx, f.r.Agency, search.KindDossier, among, f.q)
	if err != nil {
		return err
	}
	for id, m := range named {
		f.at(id).Mask |= m
	}
	if f.commissioner {
		if f.sponsors, err = f.index.Named(ctx, f.r.Agency, search.KindRecipient, nil, f.q); err != nil {
			return err
		}
	}
	if f.all {
		sponsors := make([]string, 0, len(f.sponsors))
		for id := range f.sponsors {
			sponsors = append(sponsors, id)
		}
		err = dossiers.Naming(ctx, f.db, f.r.Agency, f.q.Numbers(), sponsors, f.inClear)
	} else {
		err = dossiers.Among(ctx, f.db, f.r.Agency, f.ids, f.inClear)
	}
	if err != nil {
		return err
	}
	numbered, err := f.index.Numbered(ctx, f.r.Agency, f.q)
	for _, id := range numbered {
		if f.all || slices.Contains(f.ids, id) {
			f.at(id).bsn = true
		}
	}
	return err
}

func (f *finding) at(id string) *match {
	if f.matched[id] == nil {
		f.matched[id] = &match{dossier: id}
	}
	return f.matched[id]
}

// inClear matches what is clear about a dossier.
func (f *finding) inClear(d dossiers.Sought) error {
	var number search.Mask
	for _, n := range d.Trajectories {
		number |= f.q.InNumber(n)
	}
	if number != 0 {
		m := f.at(d.Dossier)
		m.Mask |= number
		m.number = number
	}
	for _, c := range d.Commissioners {
		if by := f.sponsors[c]; by != 0 {
			m := f.at(d.Dossier)
			m.Mask |= by
			m.sponsors = append(m.sponsors, c)
		}
	}
	return nil
}

// complete gives the dossiers in which every word was found, or the number: his
// own first, in the order of their ids, which is that in which they were made.
func (f *finding) complete() []*match {
	var list []*match
	for _, m := range f.matched {
		if m.bsn || m.Mask == f.q.All() {
			list = append(list, m)
		}
	}
	slices.SortFunc(list, func(a, b *match) int {
		if f.own[a.dossier] != f.own[b.dossier] {
			if f.own[a.dossier] {
				return -1
			}
			return 1
		}
		return strings.Compare(a.dossier, b.dossier)
	})
	return list
}

// permit keeps those that he may see, by the stream's own facts.
func (f *finding) permit(ctx context.Context) error {
	var open []policy.Decision
	list := f.complete()
	// Of all that match, no more are asked about than one access event can name.
	err := rows.Chunks(list[:min(len(list), maxListed)], MaxHits, func(part []*match) error {
		contact, err := f.each(ctx, domain.CatContact, part)
		if err != nil {
			return err
		}
		var number []policy.Decision
		if f.q.BSN() {
			if number, err = f.each(ctx, domain.CatBSN, part); err != nil {
				return err
			}
		}
		for i, m := range part {
			m.bsn = m.bsn && number[i].Allowed
			if !contact[i].Allowed || !m.bsn && m.Mask != f.q.All() {
				continue
			}
			if len(f.kept) == MaxHits {
				f.out.More = true
				return rows.ErrStop
			}
			f.kept, open = append(f.kept, m), append(open, contact[i])
			if m.bsn {
				open = append(open, number[i])
			}
		}
		return nil
	})
	if len(open) > 0 {
		f.p = combine(open, nil)
	}
	if errors.Is(err, rows.ErrStop) {
		return nil
	}
	return err
}

func (f *finding) each(ctx context.Context, c domain.Category, part []*match) ([]policy.Decision, error) {
	ids := make([]string, len(part))
	for i, m := range part {
		ids[i] = m.dossier
	}
	return f.commands.AuthoriseEach(ctx, f.r.Caller, f.r.Agency, f.question(c), ids)
}

// show records what is about to be opened, opens it, and drops what the index
// found in vain.
func (f *finding) show(ctx context.Context) error {
	l := look{categories: []domain.Category{domain.CatContact}}
	if f.q.BSN() {
		l.categories = append(l.categories, domain.CatBSN)
	}
	sponsors := map[string]bool{}
	for _, m := range f.kept {
		l.dossiers = append(l.dossiers, m.dossier)
		l.owners = append(l.owners, "dossier/"+m.dossier)
		for _, id := range m.sponsors {
			if !sponsors[id] {
				sponsors[id] = true
				l.owners = append(l.owners, "recipient/"+id)
			}
		}
	}
	if len(sponsors) > 0 {
		l.categories = append(l.categories, domain.CatRecipient)
	}
	ack, position, err := f.record(ctx, f.r, f.p, l)
	if err != nil {
		return err
	}
	f.out.AccessRecord, f.out.Hits = position, []SearchHit{}
	names, err := f.openSponsors(ctx, ack, sponsors)
	if err != nil {
		return err
	}
	contacts, err := dossiers.Particulars(ctx, f.db, f.r.Agency, domain.CatContact, l.dossiers)
	if err != nil {
		return err
	}
	for _, m := range f.kept {
		if err := f.hit(ctx, ack, m, contacts[m.dossier], names); err != nil {
			return err
		}
	}
	c := collate.New(language.Dutch, collate.IgnoreCase)
	slices.SortStableFunc(f.out.Hits, func(a, b SearchHit) int {
		if a.AssignedToMe != b.AssignedToMe {
			if a.AssignedToMe {
				return -1
			}
			return 1
		}
		return c.CompareString(a.Name, b.Name)
	})
	return nil
}

// openSponsors opens the names of commissioners by which something was found.
func (f *finding) openSponsors(ctx context.Context, ack seal.Acknowledgement, ids map[string]bool) (map[string]string, error) {
	out := map[string]string{}
	if len(ids) == 0 {
		return out, nil
	}
	list := make([]string, 0, len(ids))
	for id := range ids {
		list = append(list, id)
	}
	err := people.ListRecipients(ctx, f.db, f.r.Agency, list, func(rc people.Recipient) error {
		name, err := f.openName(ctx, ack, rc.Name)
		out[rc.Recipient] = name
		return err
	})
	return out, err
}

// hit opens one dossier's name and shows it when all words are there.
func (f *finding) hit(ctx context.Context, ack seal.Acknowledgement, m *match, contact []dossiers.Section, sponsors map[string]string) error {
	name, err := f.clientName(ctx, ack, contact)
	if err != nil {
		return err
	}
	family, given, _ := strings.Cut(name, ", ")
	h := SearchHit{Dossier: m.dossier, Name: name, AssignedToMe: f.own[m.dossier]}
	found := f.q.In(search.NewName(family, given))
	if found != 0 {
		h.By = append(h.By, ByName)
	}
	if m.number != 0 {
		h.By = append(h.By, ByTrajectory)
	}
	found |= m.number
	for _, id := range m.sponsors {
		if by := f.q.In(search.NewName(sponsors[id])); by != 0 {
			found |= by
			h.By, h.Commissioner = append(h.By, ByCommissioner), sponsors[id]
			break
		}
	}
	if m.bsn {
		h.By = append(h.By, ByBSN)
	}
	if !m.bsn && found != f.q.All() {
		return nil
	}
	d, ok, err := dossiers.Get(ctx, f.db, f.r.Agency, m.dossier)
	if err != nil || !ok {
		return err
	}
	h.Status, h.Service = d.Status, d.Service
	for _, t := range d.Trajectories {
		h.Trajectories = append(h.Trajectories, t.Trajectory)
	}
	f.out.Hits = append(f.out.Hits, h)
	return nil
}
