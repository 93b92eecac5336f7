package overview

import (
	"fmt"
	"strings"

	"github.com/casefile-engine/casefile/domain/nl"
)

// Dossier is one dossier as an overview counts it. Its id is for telling
// dossiers apart while guarding; it stands in no overview.
type Dossier struct {
	ID      string
	Codes   Codes
	Minutes int // worked for it
}

// Facts are what is known of a dossier, all of it clear, from which its codes follow.
type Facts struct {
	Opened       nl.Date // the day of its opening
	Service      string
	Referral     string
	Standing     string
	Declined     bool
	Recipient    string // id of the commissioner, "" for none
	Commissioner string // its subtype, "" for none
	Trajectories []Trajectory
}

// Trajectory is one trajectory; Ended is zero and Outcome "" while it is open.
// What it does not say itself is as the dossier has it.
type Trajectory struct {
	Trajectory   string  `json:"trajectory"`
	Service      string  `json:"service,omitzero"`
	Recipient    string  `json:"recipient,omitzero"`
	Commissioner string  `json:"commissioner,omitzero"`
	Ended        nl.Date `json:"ended,omitzero"`
	Outcome      string  `json:"outcome,omitzero"`
}

// Codes are the codes of the facts. Service and commissioner are those of the
// newest trajectory; start is the opening of the dossier; end and outcome are
// there once the last open trajectory has ended, the outcome being that of the
// trajectory that ended last.
func (f *Facts) Codes() Codes {
	c := Codes{
		dimService: f.Service, dimReferral: f.Referral, dimStanding: f.Standing, dimStatus: "open",
		dimRecipient: or(f.Recipient, None), dimCommissioner: commissioner(f.Recipient, f.Commissioner),
		dimOutcome: None, dimEndYear: None, dimEndQuarter: None,
	}
	c[dimStartYear], c[dimStartQuarter] = periods(f.Opened)
	if len(f.Trajectories) == 0 {
		if f.Declined {
			c[dimStatus] = "declined"
		}
		return c
	}
	last, ended, running := f.Trajectories[len(f.Trajectories)-1], Trajectory{}, false
	for _, t := range f.Trajectories {
		running = running || t.Ended.IsZero()
		if !t.Ended.Before(ended.Ended) {
			ended = t
		}
	}
	c[dimService] = or(last.Service, f.Service)
	if last.Recipient != "" {
		c[dimRecipient], c[dimCommissioner] = last.Recipient, commissioner(last.Recipient, last.Commissioner)
	}
	if !running {
		c[dimStatus], c[dimOutcome] = "guidance_ended", or(ended.Outcome, None)
		c[dimEndYear], c[dimEndQuarter] = periods(ended.Ended)
	}
	return c
}

func or(s, absent string) string {
	if s == "" {
		return absent
	}
	return s
}

func commissioner(recipient, subtype string) string {
	if recipient == "" {
		return None
	}
	return or(subtype, "other")
}

// periods are the year and the quarter of a day.
func periods(d nl.Date) (year, quarter string) {
	if d.IsZero() {
		return None, None
	}
	return fmt.Sprintf("%04d", d.Year()), fmt.Sprintf("%04d-Q%d", d.Year(), (int(d.Month())+2)/3)
}

// Pack is how codes stand in one column of a view.
func (c *Codes) Pack() string { return strings.Join(c[:], " ") }

// Unpack is the reverse of Pack; ok is false for a text of another form.
func Unpack(packed string) (c Codes, ok bool) {
	parts := strings.Split(packed, " ")
	copy(c[:], parts)
	return c, len(parts) == dimCount
}
