package paper

import (
	"maps"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/regulation"
	"github.com/casefile-engine/casefile/domain/staff"
)

// Dossier is what a decision asks of the dossier that the command names.
type Dossier struct {
	Opened time.Time // zero: there is no such dossier
	Held   bool      // a hold is placed on one of its classes
}

// The warnings of paper.
const (
	// WarnCabinetUnknown: no volume ever stood in the cabinet that is attested.
	WarnCabinetUnknown = "cabinet_unknown"
)

// decision is one call of Decide.
type decision struct {
	s       *State
	env     *domain.Env
	dossier Dossier
	profile *regulation.Profile // in force on the day
	rule    string              // the article on the custody of paper
}

// Decide says what a command does to the paper of an agency. It changes nothing
// but env.Warnings. Each volume keeps its own order of time, and each cabinet
// that of its attestations: an import that goes dossier by dossier is in order.
func Decide(s *State, c domain.Command, env *domain.Env, dossier Dossier) ([]domain.Fact, error) {
	office, _ := env.Known[domain.Ref{Agency: env.Agency, Kind: domain.KindAgency, ID: env.Agency}].(*agency.State)
	if !office.Exists() {
		return nil, agency.Unknown()
	}
	d := decision{s: s, env: env, dossier: dossier, profile: office.ProfileAt(nl.DateOf(env.At)), rule: "C-2.7d"}
	if d.profile == nil {
		return nil, domain.Refused("no_regulation", "C-5", "the agency has no regulation in force on that day; adopt one first, with an effective date on or before it")
	}
	if r := d.profile.Paper.Rule; r != "" {
		d.rule = r
	}
	switch c := c.(type) {
	case *RegisterVolume:
		return d.register(c)
	case *CheckOutPaper:
		return d.checkOut(c)
	case *CheckInPaper:
		return d.checkIn(c)
	case *AttestCabinets:
		return d.attest(c)
	case *DestroyPaper:
		return d.destroy(c)
	}
	return nil, domain.NotHandled(c)
}

// Purpose is the purpose for which a command processes data (C-I1).
func Purpose(c domain.Command) string {
	switch c := c.(type) {
	case *CheckOutPaper:
		return c.Purpose
	case *AttestCabinets:
		return "audit"
	case *DestroyPaper:
		return "retention"
	}
	return "guidance"
}

func (d *decision) register(c *RegisterVolume) ([]domain.Fact, error) {
	if d.dossier.Opened.IsZero() {
		return nil, &domain.Error{Kind: domain.KindNotFound, Code: "unknown_dossier", Rule: "C-0a", Field: "dossier",
			Message: "there is no such dossier in this agency; compare its id, or open it first"}
	}
	if err := d.env.CheckTime(domain.Timing{}, d.dossier.Opened, time.Time{}); err != nil {
		return nil, err
	}
	if d.s.Volumes[c.Volume] != nil {
		return nil, domain.RefusedField("volume", "id_in_use", "C-1.1b", "this id belongs to a volume already; choose another id")
	}
	return domain.OneFact(&VolumeRegistered{Place{c.Volume, d.env.Dossier, c.Cabinet}}, nil), nil
}

// volume finds a volume that is not destroyed, and checks the time of the command.
func (d *decision) volume(id domain.ID) (*Volume, Place, error) {
	v := d.s.Volumes[id]
	if v == nil || d.env.Dossier != "" && d.env.Dossier != v.Dossier {
		return nil, Place{}, unknownVolume()
	}
	if err := d.env.CheckTime(domain.Timing{}, time.Time{}, v.Newest); err != nil {
		return nil, Place{}, err
	}
	if !v.Destroyed.IsZero() {
		return nil, Place{}, domain.RefusedField("volume", "volume_destroyed", "C-2.5c", "this volume has been destroyed")
	}
	return v, Place{Volume: id, Dossier: v.Dossier, Cabinet: v.Cabinet}, nil
}

func unknownVolume() *domain.Error {
	return &domain.Error{Kind: domain.KindNotFound, Code: "unknown_volume", Rule: "C-1.1b", Field: "volume",
		Message: "this agency has no such volume, or it is another dossier's; compare its id, or register it first"}
}

func (d *decision) checkOut(c *CheckOutPaper) ([]domain.Fact, error) {
	v, place, err := d.volume(c.Volume)
	if err != nil {
		return nil, err
	}
	if _, out := v.IsOut(); out {
		return nil, domain.RefusedField("volume", "already_out", d.rule, "this volume is out already; have it put back first")
	}
	if err := d.profile.CheckPurpose(c.Purpose); err != nil {
		return nil, err
	}
	return domain.OneFact(&CheckedOut{place, c.Purpose}, seal(v.Dossier, map[string]any{"note": c.Note})), nil
}

func (d *decision) checkIn(c *CheckInPaper) ([]domain.Fact, error) {
	v, place, err := d.volume(c.Volume)
	if err != nil {
		return nil, err
	}
	if _, out := v.IsOut(); !out {
		return nil, domain.RefusedField("volume", "not_out", d.rule, "this volume is not out; nothing has to be put back")
	}
	if c.Cabinet != "" {
		place.Cabinet = c.Cabinet
	}
	return domain.OneFact(&CheckedIn{place}, nil), nil
}

// attest judges a day that is over by what was out at its end, and today by
// what is out now.
func (d *decision) attest(c *AttestCabinets) ([]domain.Fact, error) {
	if err := d.env.CheckTime(domain.Timing{}, time.Time{}, d.s.Attested[c.Cabinet]); err != nil {
		return nil, err
	}
	today, at := nl.DateOf(d.env.At), d.env.At
	switch {
	case c.Date.After(today):
		return nil, domain.RefusedField("date", "in_future", "S-Bev1", "this day is still to come; attest a cabinet at the end of the day")
	case c.Date.Before(today.AddDays(-KeptDays)):
		return nil, domain.RefusedField("date", "too_late", "S-Bev1", "this is more than 31 days ago, and nobody can attest now how the cabinet stood then; write the omission down as an incident")
	case c.Date.Before(today):
		at = c.Date.End().Add(-time.Nanosecond)
	}
	out := d.s.OutOf(c.Cabinet, at)
	for _, id := range out {
		if c.Explanations[id] == "" {
			return nil, domain.RefusedField("explanations", "volume_out", "S-Bev1", "a volume of this cabinet is out without an explanation; have it put back, or explain for each volume that is out why")
		}
	}
	sections, err := d.explained(c.Explanations)
	if err != nil {
		return nil, err
	}
	if !d.s.HasCabinet(c.Cabinet) {
		d.env.Warn(WarnCabinetUnknown)
	}
	return domain.OneFact(&Attested{Date: c.Date, Cabinet: c.Cabinet, Out: out}, sections), nil
}

// explained seals each explanation under the dossier of its volume, whatever
// it says, so that one dossier's end takes nothing of another's away.
func (d *decision) explained(x Explanations) ([]domain.Section, error) {
	byDossier := map[domain.ID]Explanations{}
	for volume, text := range x {
		v := d.s.Volumes[volume]
		if v == nil {
			e := unknownVolume()
			e.Field = "explanations"
			return nil, e
		}
		if byDossier[v.Dossier] == nil {
			byDossier[v.Dossier] = Explanations{}
		}
		byDossier[v.Dossier][volume] = text
	}
	var out []domain.Section
	for _, dossier := range slices.Sorted(maps.Keys(byDossier)) {
		out = append(out, seal(dossier, map[string]any{"explanations": byDossier[dossier]})...)
	}
	return out, nil
}

// destroy needs a witness. An approved list of destruction has been judged
// against holds; without one the dossier has to be named, and is judged here.
func (d *decision) destroy(c *DestroyPaper) ([]domain.Fact, error) {
	v, place, err := d.volume(c.Volume)
	if err != nil {
		return nil, err
	}
	by, out := v.IsOut()
	switch {
	case c.WitnessedBy == d.env.Actor:
		return nil, domain.RefusedField("witnessed_by", "witness_is_actor", "C-2.5c", "whoever destroys paper does not witness it; have a second person witness it")
	case c.List == "" && d.env.Dossier == "":
		return nil, domain.Invalid("missing", "list", "name the list of destruction, or the dossier to which the volume belongs")
	case d.dossier.Held:
		return nil, domain.RefusedField("volume", "held", "C-2.5c", "a hold forbids the destruction of this dossier; lift it first")
	case out && by != d.env.Actor:
		return nil, domain.RefusedField("volume", "already_out", d.rule, "somebody else has this volume out; have it put back first")
	}
	if err := d.witness(c.WitnessedBy); err != nil {
		return nil, err
	}
	method, words := methodOf(c.Method)
	return domain.OneFact(&Destroyed{Place: place, List: c.List, Method: method, WitnessedBy: c.WitnessedBy}, seal(v.Dossier, map[string]any{"method": words})), nil
}

// witness asks that the witness works here, or is engaged, and is bound to
// secrecy: whoever watches paper being destroyed can read it (C-2.1.5).
func (d *decision) witness(id domain.ID) *domain.Error {
	s, _ := d.env.Known[domain.Ref{Agency: d.env.Agency, Kind: domain.KindStaff, ID: id}].(*staff.State)
	switch {
	case !s.ActiveAt(d.env.At):
		e := domain.RefusedField("witnessed_by", "unknown_staff", "C-2.7e", "there is no such member of staff in this agency at that time; enrol the person first")
		e.Kind = domain.KindNotFound
		return e
	case !s.BoundOn(nl.DateOf(d.env.At)):
		return domain.RefusedField("witnessed_by", "no_confidentiality", "C-2.1.5", "no declaration of confidentiality of the witness holds on that day; have it signed and record it first")
	}
	return nil
}

func seal(dossier domain.ID, fields map[string]any) []domain.Section {
	return domain.Seal("dossier/"+dossier, domain.ClassDossier, domain.CatFile, fields)
}
