package scrub

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Kind is what is wrong.
type Kind string

// The kinds. Damaged is what a fault of the disk looks like, the others need a
// hand that knew what it did, or an old copy that was put back.
const (
	Damaged   Kind = "damaged"   // bytes fail a checksum or have no form
	Missing   Kind = "missing"   // it was there, or must be, and is not
	Altered   Kind = "altered"   // whole by its checksums, and another than was signed or names itself
	Reordered Kind = "reordered" // it stands at another place than it was signed at
	Inserted  Kind = "inserted"  // it was never signed, between others that were
	Doubled   Kind = "doubled"   // it stands twice
	Restored  Kind = "restored"  // an older copy was put back
)

// Finding is one thing that is wrong. It holds no personal data.
type Finding struct {
	Kind    Kind   `json:"kind"`
	Part    string `json:"part"` // stream, journal, ledger, lock, views, vault, credentials
	Message string `json:"message"`
	// Position to Until are stream positions; 0: none, or one alone.
	Position uint64 `json:"position,omitempty"`
	Until    uint64 `json:"until,omitempty"`
	Commit
	File   string `json:"file,omitempty"`
	Offset int64  `json:"offset,omitempty"`
}

// Commit names a commit, as far as is known.
type Commit struct {
	Agency        string `json:"agency,omitempty"`
	AggregateKind string `json:"aggregate_kind,omitempty"`
	Aggregate     string `json:"aggregate,omitempty"`
	CommandID     string `json:"command_id,omitempty"`
}

// String is the finding in one line.
func (f Finding) String() string {
	s := string(f.Kind) + ": " + f.Message
	switch {
	case f.Until > f.Position:
		s += fmt.Sprintf(" (positions %d to %d", f.Position, f.Until)
	case f.Position > 0:
		s += fmt.Sprintf(" (position %d", f.Position)
	case f.Agency+f.File == "":
		return s
	default:
		s += " ("
	}
	sep := func() {
		if s[len(s)-1] != '(' {
			s += ", "
		}
	}
	if f.Agency != "" {
		sep()
		s += "agency " + f.Agency
	}
	if f.Aggregate != "" {
		sep()
		s += f.AggregateKind + "/" + f.Aggregate
	}
	if f.CommandID != "" {
		sep()
		s += "command " + f.CommandID
	}
	if f.File != "" {
		sep()
		s += fmt.Sprintf("%s at byte %d", f.File, f.Offset)
	}
	return s + ")"
}

// Check is one thing that was looked at.
type Check struct {
	Part     string `json:"part"`
	What     string `json:"what"`
	Count    uint64 `json:"count"`
	Findings int    `json:"findings"`
	Note     string `json:"note,omitempty"`
}

// Report is what a scrub found.
type Report struct {
	Checks []Check `json:"checks"`
	// Findings are the first of each part; Total counts all.
	Findings []Finding `json:"findings"`
	Total    int       `json:"total"`
	// Commits were read, up to Position, recorded at Recorded.
	Commits  uint64    `json:"commits"`
	Position uint64    `json:"position"`
	Recorded time.Time `json:"recorded,omitzero"`
	// Unsigned are the newest commits, which no checkpoint covers yet.
	Unsigned uint64 `json:"unsigned"`
	// Checkpoints are the newest by the lock, for comparing with a copy elsewhere.
	Checkpoints []Checkpoint `json:"checkpoints"`
	// Backings are the newest that each witness and authority outside said of an
	// agency's log.
	Backings []Backing `json:"backings,omitempty"`
}

// Backing is what a witness or a time-stamping authority says of a log.
type Backing struct {
	Agency string `json:"agency"`
	Kind   string `json:"kind"` // cosignature or time_stamp
	By     string `json:"by"`   // name of the witness, or subject of the authority's certificate
	// Key is the witness's public key, by which the signature holds: whose it is, the
	// reader must know.
	Key  string    `json:"key,omitempty"`
	Size int64     `json:"size"` // commits of the log that it is about
	At   time.Time `json:"at"`
}

// Checkpoint is a signed state, in short.
type Checkpoint struct {
	Agency   string    `json:"agency"`
	Size     int64     `json:"size"`
	Root     string    `json:"root"` // hex
	Position uint64    `json:"position"`
	Recorded time.Time `json:"recorded"`
}

// Whole tells whether everything is as it must be.
func (r *Report) Whole() bool { return r.Total == 0 }

// most bounds the findings of a part that are named one by one.
const most = 1000

// Add takes a finding.
func (r *Report) Add(f Finding) {
	r.Total++
	n := 0
	for i := range r.Findings {
		if r.Findings[i].Part == f.Part {
			n++
		}
	}
	if n < most {
		r.Findings = append(r.Findings, f)
	}
}

// Count is how many findings a part has.
func (r *Report) count(part string) (n int) {
	for i := range r.Findings {
		if r.Findings[i].Part == part {
			n++
		}
	}
	return n
}

// Looked notes what was looked at, with the findings of its part so far.
func (r *Report) Looked(part, what string, count uint64, note string) {
	before := 0
	for _, c := range r.Checks {
		if c.Part == part {
			before += c.Findings
		}
	}
	r.Checks = append(r.Checks, Check{part, what, count, r.count(part) - before, note})
}

// parts are the parts in the order of a report.
var parts = []string{"stream", "journal", "ledger", "lock"}

// sort brings the findings into the order of their parts and positions.
func (r *Report) sort() {
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(slices.Index(parts, a.Part), slices.Index(parts, b.Part)), cmp.Compare(a.Position, b.Position))
	})
}
