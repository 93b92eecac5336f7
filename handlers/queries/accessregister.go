package queries

import (
	"context"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	domainaccess "github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/policy"
	"github.com/casefile-engine/casefile/projections/access"
	"github.com/casefile-engine/casefile/projections/rows"
)

// The register of who saw what (C-2.1.4b), by its name in the policies.
const accessRegister = "access"

// How many looks a page of the register has.
const (
	defaultLooks = 100
	maxLooks     = 1000
)

// accessGrounds are the grounds of a look (catalogue §3).
var accessGrounds = []string{"assignment", "role", "grant", "break_glass", "request", "engine", "none"}

// AccessFilter chooses looks of the access register. Zero fields do not narrow.
type AccessFilter struct {
	Dossier string // one client
	Staff   string // a staff id, operator or engine
	// From and Until bound occurred_at: From <= occurred_at < Until.
	From, Until *time.Time
	// Codes of catalogue §3; Action may be "change", which is a denied command.
	Action, Outcome, Ground, Purpose string
	// Newest gives the newest first. Cursor is the position after which the page
	// begins (before which, with Newest); a page's Next is the following one's.
	Newest bool
	Cursor uint64
	Limit  int // looks on a page; 0: 100; at most 1,000
	// Names opens the names of those who looked, under the recorded event.
	Names bool
}

// AccessLook is one access event as the compliance officer reads it: codes, and
// who, by id and on request by name.
type AccessLook struct {
	Position   uint64            `json:"position"`
	RecordedAt time.Time         `json:"recorded_at"`
	OccurredAt time.Time         `json:"occurred_at"`
	Dossiers   []string          `json:"dossiers,omitempty"` // of a list, all that the reader may know of
	Actor      string            `json:"actor"`
	Name       string            `json:"name,omitempty"`
	Role       string            `json:"role,omitempty"`
	OnBehalfOf string            `json:"on_behalf_of,omitempty"`
	Action     string            `json:"action"`
	Categories []domain.Category `json:"categories,omitempty"`
	Purpose    string            `json:"purpose,omitempty"`
	Ground     string            `json:"ground,omitempty"`
	Outcome    string            `json:"outcome"`
	Code       string            `json:"code,omitempty"` // of a denial
	Rule       string            `json:"rule,omitempty"` // of a denial
	Door       string            `json:"door,omitempty"`
	// Imported marks a look of an older system's log.
	Imported bool `json:"imported,omitempty"`
}

// AccessPage is a page of the register.
type AccessPage struct {
	Agency string       `json:"agency"`
	Looks  []AccessLook `json:"looks"`
	Next   uint64       `json:"next,omitempty"` // 0 on the last page
	// AccessRecord is where this reading is on record itself; 0 for the operator,
	// who opened no names.
	AccessRecord uint64 `json:"access_position,omitempty"`
}

// AccessRegister gives a page of the access register, denied attempts included:
// all of it to a compliance officer and, for an audit, to an auditor; to a coach
// what concerns the dossiers assigned to him. The reading is on record before
// anything is shown.
func (s *Service) AccessRegister(ctx context.Context, r Reader, f AccessFilter) (*AccessPage, error) {
	filter, err := s.accessFilter(ctx, r, &f)
	if err != nil {
		return nil, err
	}
	p, sc, err := s.accessScope(ctx, r, f.Dossier)
	if err != nil {
		return nil, err
	}
	page := &AccessPage{Agency: r.Agency, Looks: []AccessLook{}}
	if page.Looks, page.Next, err = s.looks(ctx, filter, f.Limit, sc); err != nil {
		return nil, err
	}
	if err := s.recordPage(ctx, r, p, f, page); err != nil {
		return nil, err
	}
	return page, nil
}

// accessFilter checks the filter and gives it in the view's terms.
func (s *Service) accessFilter(ctx context.Context, r Reader, f *AccessFilter) (access.Filter, error) {
	if err := s.checkExport(ctx, r, &ExportOptions{Register: accessRegister, From: f.From, Until: f.Until}); err != nil {
		return access.Filter{}, err
	}
	var err error
	if f.Dossier != "" {
		if f.Dossier, err = domain.ParseID("dossier", f.Dossier); err != nil {
			return access.Filter{}, err
		}
	}
	if f.Staff != "" && f.Staff != domain.Operator && f.Staff != domain.Engine {
		if f.Staff, err = domain.ParseID("staff", f.Staff); err != nil {
			return access.Filter{}, err
		}
	}
	for _, c := range []struct {
		field, code string
		known       []string
	}{
		{"action", f.Action, append(slices.Clone(domain.AccessActions), domainaccess.ActionChange)},
		{"outcome", f.Outcome, []string{domainaccess.Allowed, domainaccess.Denied}},
		{"ground", f.Ground, accessGrounds},
		{"purpose", f.Purpose, domain.Purposes},
	} {
		if c.code != "" && !slices.Contains(c.known, c.code) {
			return access.Filter{}, domain.Invalid("unknown_code", c.field, "there is no such code; the catalogue lists them")
		}
	}
	if f.Limit <= 0 {
		f.Limit = defaultLooks
	}
	f.Limit = min(f.Limit, maxLooks)
	out := access.Filter{
		Filter: rows.Filter{Agency: r.Agency, Dossier: f.Dossier}, Actor: f.Staff,
		Action: f.Action, Outcome: f.Outcome, Ground: f.Ground, Purpose: f.Purpose, Newest: f.Newest,
	}
	if f.Newest {
		out.Before = f.Cursor
	} else {
		out.After = f.Cursor
	}
	if f.From != nil {
		out.From = *f.From
	}
	if f.Until != nil {
		out.Until = *f.Until
	}
	return out, nil
}

// accessScope decides on the register, or on the part of it that concerns one
// dossier, and brings the view to the stream's head: what happened a moment ago
// stands in it.
func (s *Service) accessScope(ctx context.Context, r Reader, dossier string) (pass, scope, error) {
	p, sc, err := s.registerScope(ctx, r, accessRegister)
	if err != nil {
		return p, sc, err
	}
	if dossier != "" && !sc.holds(dossier) {
		return p, sc, s.refuseRow(ctx, r, p, dossier)
	}
	if err := s.current(ctx, access.Name); err != nil {
		return p, sc, err
	}
	return p, sc, s.existing(ctx, r, dossier)
}

// looks reads up to limit looks of the scope, and where the next page begins.
func (s *Service) looks(ctx context.Context, filter access.Filter, limit int, sc scope) (out []AccessLook, next uint64, err error) {
	out = []AccessLook{}
	filter.Limit = limit + 1
	if !sc.all {
		filter.Limit = maxLooks // most of what is read may be of other dossiers
	}
	for {
		read, last := 0, uint64(0)
		err = access.Looks(ctx, s.db, filter, func(l access.Look) error {
			read++
			if x, ok := sc.look(l, filter.Dossier); ok {
				if len(out) == limit {
					next = out[limit-1].Position
					return rows.ErrStop
				}
				out = append(out, x)
			}
			last = l.Position
			return nil
		})
		if err != nil || next > 0 || read < filter.Limit {
			return out, next, err
		}
		if filter.Newest {
			filter.Before = last
		} else {
			filter.After = last
		}
	}
}

// look is a look as far as the scope may know of it; ok is false when it concerns
// none of its dossiers.
func (sc scope) look(l access.Look, dossier string) (AccessLook, bool) {
	ids := l.Dossiers
	switch {
	case dossier != "":
		ids = []string{dossier}
	case !sc.all:
		ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !sc.only[id] })
		if len(ids) == 0 {
			return AccessLook{}, false
		}
	}
	row := plainAccess(l.Row)
	return AccessLook{
		Position: row.Position, RecordedAt: row.RecordedAt, OccurredAt: row.OccurredAt, Dossiers: ids, Actor: row.Actor, Role: row.Role,
		OnBehalfOf: row.OnBehalfOf, Action: row.Action, Categories: row.Categories, Purpose: row.Purpose, Ground: row.Ground,
		Outcome: row.Outcome, Code: row.Code, Rule: row.Rule, Door: row.Basis.Door, Imported: row.Basis.Imported,
	}, true
}

// recordPage puts the reading on record and opens the names that were asked for.
func (s *Service) recordPage(ctx context.Context, r Reader, p pass, f AccessFilter, page *AccessPage) error {
	l, ids := look{}, map[string]bool{}
	if f.Dossier != "" {
		l.dossiers = []string{f.Dossier}
	}
	if f.Names {
		if err := s.mayName(ctx, r); err != nil {
			return err
		}
		for _, x := range page.Looks {
			ids[x.Actor] = true
		}
		l.categories = []domain.Category{domain.CatStaff}
		for id := range ids {
			if id != domain.Operator && id != domain.Engine {
				l.owners = append(l.owners, "staff/"+id)
			}
		}
	}
	if r.Caller.Staff == domain.Operator && len(l.owners) == 0 {
		return nil // nothing sealed is opened, and the data directory is his
	}
	ack, position, err := s.record(ctx, r, p, l)
	if err != nil || len(l.owners) == 0 {
		page.AccessRecord = position
		return err
	}
	names, err := s.openNames(ctx, ack, r.Agency, ids)
	if err != nil {
		return err
	}
	page.AccessRecord = position
	for i := range page.Looks {
		page.Looks[i].Name = names[page.Looks[i].Actor].Name
	}
	return nil
}

// mayName decides whether the reader may know the names of the agency's staff.
func (s *Service) mayName(ctx context.Context, r Reader) error {
	r.Action = "view"
	_, err := s.authorise(ctx, r, commands.Question{Of: policy.OfOffice})
	return err
}

// ClientAccess is the access register in the client's form (L-15): by which role,
// for which purpose and on which day somebody looked, and never who (HvJ EU
// C-579/21): the identity of staff is theirs.
type ClientAccess struct {
	Agency  string            `json:"agency"`
	Dossier string            `json:"dossier"`
	Days    []ClientAccessDay `json:"days"` // in order
	// AccessRecord is where this reading is on record itself.
	AccessRecord uint64 `json:"access_position,omitempty"`
}

// ClientAccessDay is what happened on one day in Europe/Amsterdam.
type ClientAccessDay struct {
	Day   nl.Date            `json:"day"`
	Lines []ClientAccessLine `json:"lines"`
}

// ClientAccessLine folds the looks of a day that differ in nothing that the
// client is told.
type ClientAccessLine struct {
	Role    string `json:"role,omitempty"`
	Purpose string `json:"purpose,omitempty"`
	Action  string `json:"action"`
	Outcome string `json:"outcome"`
	// Emergency marks a look for which the glass was broken.
	Emergency  bool              `json:"emergency,omitempty"`
	Imported   bool              `json:"imported,omitempty"`
	Categories []domain.Category `json:"categories,omitempty"` // of all the looks in the line
	Times      int               `json:"times"`
}

// AccessForClient gives the looks at one dossier in the client's form, as a part
// of what an access request gets (X-12, L-15). from and until bound occurred_at
// as in a register; zero times do not. Whoever reads it for the client needs the
// access register of that dossier.
func (s *Service) AccessForClient(ctx context.Context, r Reader, dossier string, from, until time.Time) (*ClientAccess, error) {
	f := AccessFilter{Dossier: dossier}
	filter, err := s.accessFilter(ctx, r, &f)
	if err != nil {
		return nil, err
	}
	p, _, err := s.accessScope(ctx, r, f.Dossier)
	if err != nil {
		return nil, err
	}
	out := &ClientAccess{Agency: r.Agency, Dossier: f.Dossier, Days: []ClientAccessDay{}}
	if r.Caller.Staff != domain.Operator {
		if _, out.AccessRecord, err = s.record(ctx, r, p, look{dossiers: []string{f.Dossier}}); err != nil {
			return nil, err
		}
	}
	filter.From, filter.Until = from, until
	byDay := map[nl.Date][]ClientAccessLine{}
	err = access.Looks(ctx, s.db, filter, func(l access.Look) error {
		day := nl.DateOf(l.OccurredAt)
		byDay[day] = fold(byDay[day], plainAccess(l.Row))
		return nil
	})
	if err != nil {
		return nil, err
	}
	for day, lines := range byDay {
		out.Days = append(out.Days, ClientAccessDay{Day: day, Lines: lines})
	}
	slices.SortFunc(out.Days, func(a, b ClientAccessDay) int { return a.Day.Compare(b.Day) })
	return out, nil
}

// fold adds a look to the lines of its day.
func fold(lines []ClientAccessLine, row access.Row) []ClientAccessLine {
	x := ClientAccessLine{Role: row.Role, Purpose: row.Purpose, Action: row.Action, Outcome: row.Outcome,
		Emergency: row.Ground == "break_glass", Imported: row.Basis.Imported}
	i := slices.IndexFunc(lines, func(l ClientAccessLine) bool {
		return l.Role == x.Role && l.Purpose == x.Purpose && l.Action == x.Action && l.Outcome == x.Outcome &&
			l.Emergency == x.Emergency && l.Imported == x.Imported
	})
	if i < 0 {
		i, lines = len(lines), append(lines, x)
	}
	lines[i].Times++
	lines[i].Categories = rows.Sorted(append(lines[i].Categories, row.Categories...))
	return lines
}
