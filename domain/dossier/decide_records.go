package dossier

import (
	"maps"
	"slices"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/regulation"
)

func (d *decision) record(id domain.ID) (*Record, *domain.Error) {
	r := d.s.Records[id]
	if r == nil || r.Added.After(d.env.At) {
		return nil, unknown("record", "unknown_record", "C-2.9.2", "this dossier has no such record at that time; compare its id")
	}
	if !r.Moved.IsZero() && !d.env.At.Before(r.Moved) {
		return nil, domain.RefusedField("record", "record_moved", "C-2.9.3b", "this record was moved to the dossier where it belongs, and stays shielded here; work with it there")
	}
	return r, nil
}

// recording is what is judged before data may stand in a record.
type recording struct {
	category   domain.Category
	contains   []domain.Category
	source     string
	trajectory string
	necessity  bool
}

// judge asks the regulation and the law whether the record may be there
// (C-2.4, C-3, L-9), and gives the consent that carries it, where one does.
func (d *decision) judge(r recording) (consent domain.ID, warnings []string, err *domain.Error) {
	in := regulation.RecordingInput{Category: r.category, Contains: r.contains, Source: r.source, Client: d.client(r.trajectory), Necessity: r.necessity}
	var carriers []domain.ID
	for _, id := range slices.Sorted(maps.Keys(d.s.Consents)) {
		f := consentFact(d.s.Consents[id], d.env.At)
		if f.State == regulation.ConsentValid && f.For == regulation.ForRecord {
			in.Consents = append(in.Consents, f)
			carriers = append(carriers, id)
		}
	}
	if warnings, err = d.profile.CheckRecording(in); err != nil {
		return "", nil, err
	}
	if slices.ContainsFunc(in.Categories(), domain.Category.Health) {
		if err := d.bound(); err != nil {
			return "", nil, err
		}
	}
	return d.carrier(in, carriers), warnings, nil
}

// bound asks that whoever records data concerning health is bound to secrecy
// on that day (UAVG 30(4)). The operator acts for the agency, which is.
func (d *decision) bound() *domain.Error {
	if d.env.Actor == domain.Operator || d.env.Actor == domain.Engine {
		return nil
	}
	st, err := d.staffAt(d.env.Actor, "actor")
	if err != nil {
		return err
	}
	if !st.BoundOn(d.day) {
		return domain.RefusedField("actor", "no_confidentiality", "L-U30", "health data are recorded by those alone who are bound to secrecy; no declaration of confidentiality of this member of staff holds on that day")
	}
	return nil
}

// carrier is the consent that a record rests on: one that covers a category
// which asks for it, an explicit one before another.
func (d *decision) carrier(in regulation.RecordingInput, ids []domain.ID) domain.ID {
	for _, explicit := range []bool{true, false} {
		for i, f := range in.Consents {
			if f.Explicit == explicit && slices.ContainsFunc(in.Categories(), func(k domain.Category) bool {
				c, _ := d.profile.CategoryOf(k)
				return (c.ConsentToRecord != "" || k.Health()) && slices.Contains(f.Categories, k)
			}) {
				return ids[i]
			}
		}
	}
	return ""
}

// client is what the law on health asks: a commission of the dossier, or of the
// trajectory that the data belong to.
func (d *decision) client(trajectory string) regulation.ClientFact {
	f := regulation.ClientFact{Standing: d.s.Standing, Commissioned: d.commissioned()}
	if t := d.s.trajectory(trajectory); t != nil && t.Commissioner != "" {
		f.Commissioned = true
	}
	return f
}

func (d *decision) addRecord(c *AddRecord) ([]domain.Fact, error) {
	if d.s.Records[c.Record] != nil {
		return nil, inUse("record", "C-2.4")
	}
	if c.Trajectory != "" {
		if _, err := d.find(c.Trajectory); err != nil {
			return nil, err
		}
	}
	if err := d.notFuture("obtained_on", c.ObtainedOn, "C-I3"); err != nil {
		return nil, err
	}
	r := recording{c.Category, further(c.Category, c.Contains), c.Source, c.Trajectory, c.Necessity != ""}
	consent, warnings, err := d.judge(r)
	if err != nil {
		return nil, err
	}
	k := d.strictest(r)
	e := &RecordAdded{
		Record: c.Record, Category: c.Category, Contains: r.contains, Class: d.profile.ClassOf(k), Source: c.Source,
		ObtainedOn: c.ObtainedOn, Trajectory: c.Trajectory, Judgement: c.Judgement, Unexpected: c.Expected != nil && !*c.Expected,
		Necessity: r.necessity, Consent: consent,
	}
	d.env.Warn(warnings...)
	return domain.OneFact(e, d.seal(k, map[string]any{
		"title": c.Title, "text": c.Text, "fields": c.Fields, "provided_by": c.ProvidedBy, "necessity": c.Necessity,
	})), nil
}

// further are the categories beside the first, in byte order.
func further(first domain.Category, contains []domain.Category) []domain.Category {
	return slices.DeleteFunc(sorted(contains), func(k domain.Category) bool { return k == first })
}

// strictest is the category under which the whole content is sealed.
func (d *decision) strictest(r recording) domain.Category {
	return d.profile.Strictest(append([]domain.Category{r.category}, r.contains...))
}

func (d *decision) correctRecord(c *CorrectRecord) ([]domain.Fact, error) {
	old, err := d.record(c.Record)
	if err != nil {
		return nil, err
	}
	if old.Judgement {
		return nil, domain.RefusedField("record", "judgement_not_replaced", "C-2.4", "a professional judgement is not replaced; add the client's view to it with CompleteRecord")
	}
	p := c.Replacement
	if p.Trajectory != "" {
		if _, err := d.find(p.Trajectory); err != nil {
			return nil, err
		}
	}
	if err := d.notFuture("replacement.obtained_on", p.ObtainedOn, "C-I3"); err != nil {
		return nil, err
	}
	r := replaced(old, p)
	consent, warnings, err := d.rejudge(old, r)
	if err != nil {
		return nil, err
	}
	k := d.strictest(r)
	sealed := d.seal(k, map[string]any{"title": p.Title, "text": p.Text, "fields": p.Fields, "provided_by": p.ProvidedBy, "necessity": p.Necessity})
	if len(sealed) == 0 && r.equal(old) && p.ObtainedOn.IsZero() {
		return nil, domain.Invalid("missing", "replacement", "the replacement is empty; say what is to stand there instead")
	}
	e := &RecordCorrected{
		Record: c.Record, Category: r.category, Contains: r.contains, Class: d.profile.ClassOf(k), Source: r.source,
		ObtainedOn: p.ObtainedOn, Trajectory: r.trajectory, Necessity: r.necessity, Consent: consent, Request: c.Request,
	}
	d.env.Warn(warnings...)
	return domain.OneFact(e, sealed, d.file(map[string]any{"reason": c.Reason})), nil
}

// replaced is the record as it will be: what the replacement leaves out stays.
func replaced(old *Record, p Replacement) recording {
	r := recording{old.Category, old.Contains, old.Source, old.Trajectory, p.Necessity != ""}
	if p.Category != "" {
		r.category = p.Category
	}
	if p.Contains != nil {
		r.contains = *p.Contains
	}
	r.contains = further(r.category, r.contains)
	if p.Source != "" {
		r.source = p.Source
	}
	if p.Trajectory != "" {
		r.trajectory = p.Trajectory
	}
	return r
}

func (r recording) equal(old *Record) bool {
	return r.category == old.Category && slices.Equal(r.contains, old.Contains) && r.source == old.Source && r.trajectory == old.Trajectory
}

// rejudge judges a correction that brings categories in. One that brings none
// is a right of the client, whatever became of the consent (L-16).
func (d *decision) rejudge(old *Record, r recording) (domain.ID, []string, *domain.Error) {
	have := old.Categories()
	if slices.Contains(have, r.category) && !slices.ContainsFunc(r.contains, func(k domain.Category) bool { return !slices.Contains(have, k) }) {
		return "", nil, nil
	}
	return d.judge(r)
}

func (d *decision) completeRecord(c *CompleteRecord) ([]domain.Fact, error) {
	r, err := d.record(c.Record)
	if err != nil {
		return nil, err
	}
	k := d.profile.Strictest(r.Categories())
	e := &RecordCompleted{Record: c.Record, Class: d.profile.ClassOf(k), By: oneOf(c.By, authors)}
	return domain.OneFact(e, d.seal(k, map[string]any{"statement": c.Statement, "by": c.By})), nil
}

func (d *decision) restrictRecord(c *RestrictRecord) ([]domain.Fact, error) {
	r, err := d.record(c.Record)
	if err != nil {
		return nil, err
	}
	if r.RestrictedAt(d.env.At) {
		return nil, domain.RefusedField("record", "already_restricted", "C-2.9.3", "this record is restricted already")
	}
	if err := d.notFuture("client_informed_on", c.ClientInformedOn, "L-18"); err != nil {
		return nil, err
	}
	return domain.OneFact(&RecordRestricted{Record: c.Record, ClientInformedOn: c.ClientInformedOn}, d.file(map[string]any{"reason": c.Reason})), nil
}

func (d *decision) liftRestriction(c *LiftRestriction) ([]domain.Fact, error) {
	r, err := d.record(c.Record)
	switch {
	case err != nil:
		return nil, err
	case !r.RestrictedAt(d.env.At):
		return nil, domain.RefusedField("record", "not_restricted", "L-18", "this record is not restricted")
	case c.ClientInformedOn.IsZero() || c.ClientInformedOn.After(d.day):
		return nil, domain.RefusedField("client_informed_on", "client_not_informed", "L-18", "the client is told before a restriction is lifted; inform the client and give the day")
	}
	return domain.OneFact(&RestrictionLifted{Record: c.Record, ClientInformedOn: c.ClientInformedOn}, d.file(map[string]any{"reason": c.Reason})), nil
}
