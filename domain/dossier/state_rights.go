package dossier

import (
	"maps"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// Point orders what happened in a dossier: by when it happened, and at one
// instant by the version of the aggregate that recorded it.
type Point struct {
	At      time.Time `json:"t,omitzero"`
	Version uint64    `json:"v,omitzero"`
}

// After tells whether p came after o.
func (p Point) After(o Point) bool {
	return p.At.After(o.At) || p.At.Equal(o.At) && p.Version > o.Version
}

func (p Point) later(o Point) Point {
	if o.After(p) {
		return o
	}
	return p
}

func pointOf(m domain.Meta) Point { return Point{m.Occurred, m.Version} }

// Representative is somebody who acts for the client (C-2.9a, L-U5).
type Representative struct {
	Kind  string   `json:"kind"`
	Scope []string `json:"scope,omitzero"` // codes of ScopeCodes; none where words alone say it
	Span
}

// Covers tells whether the scope takes in a kind of act (a request kind, consent,
// complaint) on the categories; no category stands for everything. A scope
// that was given in words alone is judged by people and takes in all.
func (r *Representative) Covers(act string, categories []domain.Category) bool {
	if len(r.Scope) == 0 || slices.Contains(r.Scope, "all") {
		return true
	}
	acts, held := 0, map[domain.Category]bool{}
	for _, code := range r.Scope {
		if slices.Contains(domain.Categories, domain.Category(code)) {
			held[domain.Category(code)] = true
		} else {
			acts++
		}
	}
	if acts > 0 && !slices.Contains(r.Scope, act) {
		return false
	}
	if len(held) == 0 {
		return true
	}
	return len(categories) > 0 && !slices.ContainsFunc(categories, func(c domain.Category) bool { return !held[c] })
}

// Request is a request by which the client uses a right.
type Request struct {
	Kind     string        `json:"kind"`
	Received nl.Date       `json:"received"`
	Due      nl.Date       `json:"due"` // put off or not
	Extended bool          `json:"extended,omitzero"`
	Items    []RequestItem `json:"items,omitzero"` // none: everything
	Decision string        `json:"decision,omitzero"`
	Decided  []DecidedItem `json:"decided,omitzero"`
	Answered nl.Date       `json:"answered,omitzero"`
	// Fulfilled and Withdrawn are the days on which it ended.
	Fulfilled nl.Date `json:"fulfilled,omitzero"`
	Withdrawn nl.Date `json:"withdrawn,omitzero"`
}

// Open tells whether something is still to be done: decided or, where granted
// at least in part, fulfilled.
func (r *Request) Open() bool {
	return r.Withdrawn.IsZero() && r.Fulfilled.IsZero() && r.Decision != Refused
}

// Disclosure is what must be known of a disclosure, lawful or not, to tell its
// recipient of what is changed afterwards (L-19).
type Disclosure struct {
	Recipient domain.ID `json:"r,omitzero"`
	Made      Point     `json:"m"`
	// Items are what went out: ids of records, and codes of categories of particulars.
	Items    []string `json:"i,omitzero"`
	Unlawful bool     `json:"u,omitzero"`
	// Told is when the recipient was last told of each item, or it was given up.
	Told map[string]Point `json:"t,omitzero"`
	// Approval is whom it names as approving it, and what he said (C-2.1.5b).
	Approval domain.Approval `json:"approval,omitzero"`
}

// Glass is a member of staff's look in an emergency, for as long as it lasts.
type Glass struct {
	Staff domain.ID `json:"staff"`
	Span
	// Reviewed is when the compliance officer looked into it; zero until then.
	Reviewed time.Time `json:"reviewed,omitzero"`
}

// BrokenBy tells whether a break-glass of that member of staff ran at an instant.
func (s *State) BrokenBy(staff domain.ID, t time.Time) bool {
	if s == nil {
		return false
	}
	for _, g := range s.Glasses {
		if g.Staff == staff && g.Holds(t) {
			return true
		}
	}
	return false
}

// Matter tells whether what a purpose is about is open: a request of the client,
// a complaint, or for an audit a look in an emergency that has to be reviewed.
func (s *State) Matter(purpose string) bool {
	switch purpose {
	case "rights_request":
		for _, r := range s.Requests {
			if r.Open() {
				return true
			}
		}
	case "complaint":
		for _, c := range s.Complaints {
			if c.Answered.IsZero() {
				return true
			}
		}
	case "audit":
		for _, g := range s.Glasses {
			if g.Reviewed.IsZero() {
				return true
			}
		}
	}
	return false
}

// AccessBy tells whether an assignment lets a member of staff in at an instant:
// one that holds, and not longer than so many days after the end of guidance, or
// after its own start where that is later (C-0d, C-0g).
func (s *State) AccessBy(staff domain.ID, t time.Time, days int) bool {
	if s == nil {
		return false
	}
	ended, over := s.GuidanceEnded()
	return slices.ContainsFunc(s.Assignments, func(a Assignment) bool {
		if a.Staff != staff || !a.Holds(t) {
			return false
		}
		return !over || !nl.DateOf(t).After(nl.Later(ended, nl.DateOf(a.From)).AddDays(days))
	})
}

// View is a third party's view (C-2.7b).
type View struct {
	Recipient domain.ID   `json:"recipient"`
	Records   []domain.ID `json:"records"`
	Consent   domain.ID   `json:"consent"`
	Span
}

// Complaint is a complaint (C-2.1.3).
type Complaint struct {
	Received   nl.Date   `json:"received"`
	Due        nl.Date   `json:"due"`
	AboutStaff domain.ID `json:"about_staff,omitzero"`
	Answered   nl.Date   `json:"answered,omitzero"`
}

// changedAt is when an item was changed last in a way that its recipients must
// hear of: a record by its id, particulars by their category.
func (s *State) changedAt(item string) Point {
	if r := s.Records[item]; r != nil {
		return r.Changed
	}
	return s.Changed[domain.Category(item)]
}

// PendingNotices are the items of a disclosure of whose change the recipient
// has not been told (L-19), in byte order. A recipient is told of a change that
// happened after the disclosure, whatever the order in which the two were
// written down; a change of circumstances sends no notice.
func (s *State) PendingNotices(disclosure domain.ID) []string {
	d := s.Disclosures[disclosure]
	if d == nil {
		return nil
	}
	var out []string
	for _, item := range d.Items {
		if c := s.changedAt(item); c.After(d.Made) && c.After(d.Told[item]) {
			out = append(out, item)
		}
	}
	slices.Sort(out)
	return out
}

// PendingDisclosures are the disclosures with a pending notice, in byte order.
func (s *State) PendingDisclosures() []domain.ID {
	var out []domain.ID
	for _, id := range slices.Sorted(maps.Keys(s.Disclosures)) {
		if len(s.PendingNotices(id)) > 0 {
			out = append(out, id)
		}
	}
	return out
}

// ViewHolds tells whether a third party's view holds at an instant: not ended,
// in a running dossier, and by a consent that is valid then (C-2.7b, L-7).
func (s *State) ViewHolds(view domain.ID, t time.Time) bool {
	v := s.Views[view]
	if v == nil || !v.Holds(t) || !s.running(nl.DateOf(t)) {
		return false
	}
	c := s.Consents[v.Consent]
	return c != nil && c.ValidAt(t)
}

// ViewedRecords are the records that a third party may look at by a view at an
// instant: none when it does not hold, and none that are shielded.
func (s *State) ViewedRecords(view domain.ID, t time.Time) []domain.ID {
	if !s.ViewHolds(view, t) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(s.Views[view].Records), func(id domain.ID) bool {
		r := s.Records[id]
		return r == nil || r.RestrictedAt(t)
	})
}

// running tells whether a trajectory was open on a day.
func (s *State) running(d nl.Date) bool {
	return slices.ContainsFunc(s.Trajectories, func(t *Trajectory) bool { return t.OpenOn(d) })
}

// OpenMatters tells whether a request other than the one given, or a complaint,
// is open: they block destruction at term (requirements §5).
func (s *State) OpenMatters(except domain.ID) bool {
	for id, r := range s.Requests {
		if id != except && r.Open() {
			return true
		}
	}
	for _, c := range s.Complaints {
		if c.Answered.IsZero() {
			return true
		}
	}
	return false
}

// The decisions on a request, and on one item of it.
const (
	Granted = "granted"
	Partly  = "partly"
	Refused = "refused"
)
