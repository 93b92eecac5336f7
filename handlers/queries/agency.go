package queries

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/commits"
	"github.com/casefile-engine/casefile/projections/dossiers"
	"github.com/casefile-engine/casefile/projections/people"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/regulations"
	"github.com/casefile-engine/casefile/projections/rows"
)

// AgencyView is an agency as it was: clear facts and counts alone.
type AgencyView struct {
	Agency  string     `json:"agency"`
	AsOf    *time.Time `json:"as_of,omitempty"`
	KnownAt *time.Time `json:"known_at,omitempty"`
	// EvaluatedAt is the instant at which terms and assignments were taken.
	EvaluatedAt time.Time `json:"evaluated_at"`
	// Position and Leaf are of the newest commit of the agency that is taken in.
	Position   uint64             `json:"position"`
	Leaf       string             `json:"leafhash,omitempty"`
	Commits    int                `json:"commits"`
	Regulation *AgencyRegulation  `json:"regulation,omitempty"` // in force on that day
	Dossiers   map[string]int     `json:"dossiers"`             // by status
	Staff      []AgencyStaff      `json:"staff"`
	Recipients map[string]int     `json:"recipients"` // that may receive, by class
	Registers  []RegisterSnapshot `json:"registers"`
	// Withheld are registers that the agency's policies keep from the reader.
	Withheld     []string `json:"withheld,omitempty"`
	AccessRecord uint64   `json:"access_position,omitempty"`
}

// AgencyRegulation is the regulation in force.
type AgencyRegulation struct {
	Profile       string  `json:"profile"`
	Version       int     `json:"version"`
	EffectiveFrom nl.Date `json:"effective_from"`
}

// AgencyStaff is a member of staff without a name.
type AgencyStaff struct {
	Staff       string    `json:"staff"`
	Enrolled    time.Time `json:"enrolled_at"`
	LeftOn      string    `json:"left_on,omitempty"`
	Roles       []string  `json:"roles"`
	SignedOn    string    `json:"signed_on,omitempty"`    // the newest declaration of confidentiality
	SignedUntil string    `json:"signed_until,omitempty"` // its last day, if it has one
}

// RegisterSnapshot is a register as it was: how many rows, and the SHA-256 of
// them as JSON lines. Exporting the register as of that time gives the same bytes.
type RegisterSnapshot struct {
	Register string `json:"register"`
	Rows     int    `json:"rows"`
	SHA256   string `json:"sha256"`
}

// AgencyReplay gives an agency by what was true and what was known at a time
// all from one beginning of the stream, so that its parts agree. It is
// for whoever reads the register history whole. The same times give the same
// answer as long as known-at lies in the past.
func (s *Service) AgencyReplay(ctx context.Context, r Reader, o ReplayOptions) (*AgencyView, error) {
	p, err := s.overseen(ctx, r, "history")
	if err != nil {
		return nil, err
	}
	v := &AgencyView{Agency: r.Agency, AsOf: o.AsOf, KnownAt: o.KnownAt}
	if r.Caller.Staff != domain.Operator {
		if _, v.AccessRecord, err = s.record(ctx, r, p, look{}); err != nil {
			return nil, err
		}
	}
	f, err := s.foldAgency(ctx, r.Agency, o)
	if err != nil {
		return nil, err
	}
	defer f.db.Close()
	v.Position, v.Leaf, v.Commits, v.EvaluatedAt = f.position, f.leaf, f.commits, f.at
	if err := v.office(ctx, f); err != nil {
		return nil, err
	}
	for _, register := range Registers {
		may, err := s.byRegister(ctx, r, register)
		if err != nil {
			return nil, err
		}
		if !may.Allowed {
			v.Withheld = append(v.Withheld, register)
			continue
		}
		snap, err := s.snapshot(ctx, f, r, register, o)
		if err != nil {
			return nil, err
		}
		v.Registers = append(v.Registers, snap)
	}
	return v, nil
}

// forever is later than anything can be recorded.
var forever = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// folded is an agency folded up to one position.
type folded struct {
	agency   string
	db       *readdb.DB
	upTo     uint64 // of the stream
	at       time.Time
	position uint64
	leaf     string
	commits  int
}

// foldAgency folds every register's projection at once from what is taken in.
// Without times it is what the views have now.
func (s *Service) foldAgency(ctx context.Context, agency string, o ReplayOptions) (*folded, error) {
	f := &folded{agency: agency, at: s.at(ExportOptions{AsOf: o.AsOf, KnownAt: o.KnownAt})}
	known := forever
	if o.KnownAt != nil {
		known = *o.KnownAt
	}
	var err error
	if f.upTo, err = commits.Horizon(ctx, s.db, known); err != nil {
		return nil, err
	}
	if f.upTo == 0 {
		return nil, nothingThen()
	}
	h := commits.HistoryFilter{UpTo: f.upTo}
	if o.AsOf != nil {
		h.Until = o.AsOf.Add(time.Nanosecond)
	}
	f.db, err = projections.FoldInMemory(ctx, commands.Decode, everyRegister(), func(each func(*eventstore.Commit) error) error {
		return commits.Each(ctx, s.db, agency, h, func(e commits.Entry) error {
			c, err := e.Checked()
			if err != nil {
				return err
			}
			f.position, f.leaf = c.Position, leafOf(c)
			f.commits++
			return each(c)
		})
	})
	if err == nil && f.commits == 0 {
		err = nothingThen()
		f.db.Close()
	}
	return f, err
}

const codeNothingThen = "unknown_agency"

func nothingThen() error {
	return &domain.Error{Kind: domain.KindNotFound, Code: codeNothingThen, Rule: "C-2.8", Field: "agency", Message: "there was no such agency yet at that time; check its code and the date"}
}

// everyRegister is the projections of all registers as one.
func everyRegister() (all together) {
	seen := map[string]bool{}
	add := func(p projections.Projection) {
		if !seen[p.Name()] {
			seen[p.Name()] = true
			all = append(all, p)
		}
	}
	for _, register := range Registers {
		if t, ok := projectionOf(register).(together); ok {
			for _, p := range t {
				add(p)
			}
			continue
		}
		add(projectionOf(register))
	}
	return all
}

// snapshot counts and digests a register as its export writes it.
func (s *Service) snapshot(ctx context.Context, f *folded, r Reader, register string, o ReplayOptions) (RegisterSnapshot, error) {
	out, sum := RegisterSnapshot{Register: register}, sha256.New()
	e := json.NewEncoder(sum)
	e.SetEscapeHTML(false)
	line := func(row any) error {
		out.Rows++
		return e.Encode(row)
	}
	var err error
	if register == "history" {
		err = s.historyUpTo(ctx, s.db, rows.Filter{Agency: r.Agency}, ExportOptions{AsOf: o.AsOf}, f.upTo, line)
	} else {
		err = s.rowsOf(ctx, f.db, r, ExportOptions{Register: register, AsOf: &f.at, KnownAt: o.KnownAt}, line)
	}
	out.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return out, err
}

// office fills in dossiers, staff, recipients and the regulation.
func (v *AgencyView) office(ctx context.Context, f *folded) error {
	v.Dossiers, v.Recipients, v.Staff = map[string]int{}, map[string]int{}, []AgencyStaff{}
	err := dossiers.List(ctx, f.db, dossiers.Filter{Filter: rows.Filter{Agency: f.agency}}, func(d dossiers.Dossier) error {
		v.Dossiers[d.Status]++
		return nil
	})
	if err != nil {
		return err
	}
	if v.Staff, err = staffOf(ctx, f); err != nil {
		return err
	}
	err = people.ListRecipients(ctx, f.db, f.agency, nil, func(rc people.Recipient) error {
		if rc.Ended.IsZero() {
			v.Recipients[rc.Class]++
		}
		return nil
	})
	if err != nil {
		return err
	}
	v.Regulation, err = regulationOf(ctx, f)
	return err
}

func staffOf(ctx context.Context, f *folded) ([]AgencyStaff, error) {
	out := []AgencyStaff{}
	err := people.ListStaff(ctx, f.db, f.agency, nil, func(st people.Staff) error {
		roles := slices.Clone(st.Roles)
		if roles == nil {
			roles = []string{}
		}
		out = append(out, AgencyStaff{Staff: st.Staff, Enrolled: st.Enrolled, LeftOn: st.LeftOn, Roles: roles, SignedOn: st.SignedOn, SignedUntil: st.SignedUntil})
		return nil
	})
	return out, err
}

func regulationOf(ctx context.Context, f *folded) (*AgencyRegulation, error) {
	book, err := regulations.Load(ctx, f.db, f.agency)
	if err != nil {
		return nil, err
	}
	p := book.On(f.agency, nl.DateOf(f.at))
	if p == nil {
		return nil, nil
	}
	out := &AgencyRegulation{Profile: p.Name, Version: p.Version}
	for _, a := range book.Adoptions(f.agency) {
		if a.Document.Name == p.Name && a.Document.Version == p.Version && !a.From.After(nl.DateOf(f.at)) {
			out.EffectiveFrom = a.From
		}
	}
	return out, nil
}
