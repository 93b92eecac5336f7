package duties

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/projections/disclosures"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/regulations"
	"github.com/casefile-engine/casefile/projections/rows"
)

// The kinds of notice to a client; they are kinds of deadline as well.
const (
	// IndirectNotice: data came from somebody else (C-I3, L-14).
	IndirectNotice = "indirect_notice"
	// ClientNotice: a processing that the client need not expect (C-I2).
	ClientNotice = "client_notice"
)

// Notice is what a client must be, or was, told.
type Notice struct {
	File
	Kind string
	// Ref is the item that it is about; of several the first.
	Ref        string
	Source     string
	Categories []domain.Category
	Trajectory string
	Started    nl.Date // the day from which it is owed
	Due        nl.Date // the last day
	// Met is the day on which the client was told; zero while it is owed. Method
	// is how, Told the position of the notice, or 0 for a hand-out.
	Met      nl.Date
	Method   string
	Told     uint64
	Position uint64 // of what it is about
}

// Notices gives the notices to clients by stream order of what they are about.
//
// Data from others: one notice for each source, set of categories and
// trajectory; due after the profile's term (28 days) from the day on which the
// first of them was obtained, or on the day of the first contact (a logged
// conversation) or of the first disclosure of one of them, if that is earlier
// (AVG 14(3)). It is met by a notice, or by a hand-out of the regulation that
// names the source.
//
// Unexpected processing: one notice for each record; due on the day of the
// processing, since it comes before it.
//
// It reads the views hours, disclosures and regulations beside its own.
func (f *Facts) Notices(ctx context.Context, db *readdb.DB, agency, dossier string, book *regulations.Book) ([]Notice, error) {
	groups := f.Groups()
	first, err := firstUses(ctx, db, agency, dossier, groups)
	if err != nil {
		return nil, err
	}
	told := f.toldByFile()
	var out []Notice
	for i, g := range groups {
		terms, ok := book.Terms(g.Agency, g.Obtained)
		if !ok {
			continue
		}
		n := Notice{
			File: g.File, Kind: IndirectNotice, Ref: g.Items[0], Source: g.Source, Categories: g.Categories, Trajectory: g.Trajectory,
			Started: g.Obtained, Due: g.Obtained.AddDays(terms.IndirectNotice.Value), Position: g.Position,
		}
		if !first[i].IsZero() && first[i].Before(n.Due) {
			n.Due = first[i]
		}
		n.settle(told[g.File], func(t Told) bool { return t.aboutGroup(g) })
		f.settleByHandout(&n, g)
		out = append(out, n)
	}
	out = append(out, f.unexpected(told)...)
	slices.SortStableFunc(out, func(a, b Notice) int { return cmp.Compare(a.Position, b.Position) })
	return out, nil
}

func (f *Facts) toldByFile() map[File][]Told {
	out := map[File][]Told{}
	for _, t := range f.Told {
		out[t.File] = append(out[t.File], t)
	}
	return out
}

// settle takes the earliest of what the client was told that meets the notice.
func (n *Notice) settle(told []Told, meets func(Told) bool) {
	for _, t := range told {
		if meets(t) && (n.Met.IsZero() || t.On.Before(n.Met)) {
			n.Met, n.Method, n.Told = t.On, t.Method, t.Position
		}
	}
}

// aboutGroup tells whether something told meets the notice of a group: it names
// one of its items, or speaks of data from others in general (of the group's
// trajectory, where it names one) once some had been obtained.
func (t Told) aboutGroup(g *Group) bool {
	if !t.speaksOf(aboutIndirect) {
		return false
	}
	if t.Ref != "" {
		return g.Names(t.Ref)
	}
	return (t.Trajectory == "" || t.Trajectory == g.Trajectory) && !t.On.Before(g.Obtained)
}

// settleByHandout meets a notice by a hand-out that names the source, from the
// day on which the data had been obtained.
func (f *Facts) settleByHandout(n *Notice, g *Group) {
	for _, h := range f.Handouts {
		day := nl.DateOf(h.At)
		if h.File == g.File && slices.Contains(h.Sources, g.Source) && !day.Before(g.Obtained) && (n.Met.IsZero() || day.Before(n.Met)) {
			n.Met, n.Method, n.Told = day, h.Method, 0
		}
	}
}

// unexpected are the notices of what the client need not expect. One that names
// its record meets that one; one without a reference meets all that were put on
// file by its day and, since it has to come first, the next one after it.
func (f *Facts) unexpected(told map[File][]Told) []Notice {
	var out []Notice
	used := map[uint64]bool{}
	for _, i := range f.Items {
		if !i.Unexpected || !i.Moved.IsZero() { // what was moved is the other client's to hear
			continue
		}
		day := nl.DateOf(i.At)
		n := Notice{
			File: i.File, Kind: ClientNotice, Ref: i.Item, Source: i.Source, Categories: i.Categories, Trajectory: i.Trajectory,
			Started: day, Due: day, Position: i.Position,
		}
		n.settle(told[i.File], func(t Told) bool {
			if !t.speaksOf(aboutUnexpected) {
				return false
			}
			if t.Ref != "" {
				return t.Ref == i.Item || t.Ref == i.Was
			}
			if !t.On.Before(day) {
				return true
			}
			before := !used[t.Position]
			used[t.Position] = true
			return before
		})
		out = append(out, n)
	}
	return out
}

// firstUses gives for each group the day of the first contact with the client,
// or of the first disclosure of one of its items, on or after the day on which
// it was obtained; zero for neither.
func firstUses(ctx context.Context, db *readdb.DB, agency, dossier string, groups []*Group) ([]nl.Date, error) {
	out := make([]nl.Date, len(groups))
	if len(groups) == 0 {
		return out, nil
	}
	of := map[File][]int{}
	for i, g := range groups {
		of[g.File] = append(of[g.File], i)
	}
	use := func(i int, day nl.Date) {
		if !day.Before(groups[i].Obtained) && (out[i].IsZero() || day.Before(out[i])) {
			out[i] = day
		}
	}
	err := contacts(ctx, db, agency, dossier, func(f File, day nl.Date) {
		for _, i := range of[f] {
			use(i, day)
		}
	})
	if err != nil {
		return nil, err
	}
	err = disclosures.List(ctx, db, rows.Filter{Agency: agency, Dossier: dossier}, func(r disclosures.Row) error {
		for _, i := range of[File{r.Agency, r.Dossier}] {
			if slices.ContainsFunc(r.Records, func(id string) bool { return slices.Contains(groups[i].Items, id) }) {
				use(i, nl.DateOf(r.OccurredAt))
			}
		}
		return nil
	})
	return out, err
}

// contacts calls f with the days of the conversations in the dossiers that have
// data from others.
func contacts(ctx context.Context, db *readdb.DB, agency, dossier string, f func(File, nl.Date)) error {
	var w rows.Where
	w.If(agency != "", "agency = ?", agency)
	w.If(dossier != "", "dossier = ?", dossier)
	w.And("activity = 'conversation'")
	w.And("minutes > 0")
	w.And("EXISTS (SELECT 1 FROM duties_items i WHERE i.agency = hours.agency AND i.dossier = hours.dossier)")
	return rows.Query(ctx, db, "SELECT DISTINCT agency, dossier, date FROM hours"+w.String(), w.Args, func(scan func(...any) error) error {
		var (
			file File
			text string
			day  nl.Date
		)
		if err := scan(&file.Agency, &file.Dossier, &text); err != nil {
			return fmt.Errorf("reading the conversations: %w", err)
		}
		if err := rows.Dates(map[*nl.Date]string{&day: text}); err != nil {
			return err
		}
		f(file, day)
		return nil
	})
}
