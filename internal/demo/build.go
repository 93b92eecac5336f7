package demo

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/commands"
)

// builder turns an agency's file into commands.
type builder struct {
	agency string
	anchor time.Time
	out    []Command
	err    error
	people int // clients with a number so far
	// newest is the latest time in the dossier at hand: its commands come in
	// the order of their times.
	newest time.Time
}

type fields map[string]any

func (b *builder) id(kind string, parts ...string) string {
	return id(append([]string{b.agency, kind}, parts...)...)
}

// add appends a command; its id comes from what it does to what.
func (b *builder) add(at time.Time, actor, command, dossier string, data fields, key ...string) {
	raw, err := json.Marshal(data)
	if err != nil && b.err == nil {
		b.err = err
	}
	b.out = append(b.out, Command{Request: commands.Request{
		ID: b.id("command", append([]string{command, dossier}, key...)...), Agency: b.agency, Actor: actor,
		At: at.Format(time.RFC3339), Command: command, Dossier: dossier, Data: raw,
	}})
}

// at is a working hour on the day so many days before the anchor, or on the
// Friday before it; never before what the dossier holds already.
func (b *builder) at(day int) time.Time {
	y, m, d := b.anchor.In(nl.Amsterdam()).Date()
	t := time.Date(y, m, d-day, 9+day%7, (day*13)%60, 0, 0, nl.Amsterdam())
	for t.Weekday() == time.Saturday || t.Weekday() == time.Sunday {
		t = t.AddDate(0, 0, -1)
	}
	if t.Before(b.newest) {
		t = b.newest
	}
	b.newest = t.Add(5 * time.Minute)
	return t
}

func date(t time.Time) string { return nl.DateOf(t).String() }

func (b *builder) world(w *world) {
	start := b.anchor.Add(-Adopted)
	b.add(start, domain.Operator, "AdoptRegulation", "", fields{"profile": w.Profile, "version": 1, "effective_from": date(start)}, w.Profile)
	for _, s := range w.Staff {
		staff := b.id("staff", s.Key)
		b.add(start, domain.Operator, "EnrolStaff", "", fields{"staff": staff, "name": s.Name, "login": s.Login}, s.Key)
		b.add(start, domain.Operator, "SignConfidentiality", "", fields{"staff": staff, "signed_on": date(start), "reference": s.Reference}, s.Key)
		for _, r := range s.Roles {
			b.add(start, domain.Operator, "GrantRole", "", fields{"staff": staff, "role": r}, s.Key, r)
		}
	}
	for _, r := range w.Recipients {
		r.ID = b.id("recipient", r.Key)
		raw, err := json.Marshal(r)
		var data fields
		if err == nil {
			err = json.Unmarshal(raw, &data)
		}
		if err != nil && b.err == nil {
			b.err = err
		}
		b.add(start, domain.Operator, "RegisterRecipient", "", data, r.Key)
	}
	for i := range w.Clients {
		b.client(&w.Clients[i])
	}
}

func (b *builder) client(c *client) {
	dossier, coach := b.id("dossier", c.Key), b.id("staff", c.Coach)
	b.newest = time.Time{}
	opened := b.at(c.Day)
	open := fields{"client": b.particulars(c), "service": c.Service, "referral": c.Referral, "standing": c.Standing}
	if c.Commissioner != "" {
		open["commissioner"] = b.id("recipient", c.Commissioner)
	}
	b.add(opened, coach, "OpenDossier", dossier, open)
	b.add(opened, domain.Operator, "AssignStaff", dossier, fields{"staff": coach, "capacity": "responsible"}, c.Coach)
	start := fields{"trajectory": c.Trajectory, "budget_minutes": c.Budget, "planned_end": date(opened.AddDate(0, 9, 0))}
	if c.OrderNumber != "" {
		start["order_number"] = c.OrderNumber
	}
	b.add(b.at(c.Day), coach, "StartTrajectory", dossier, start, c.Trajectory)
	for i := range c.Steps {
		b.step(c, &c.Steps[i], dossier, coach)
	}
	if c.End != nil {
		t := b.at(c.End.Day)
		b.add(t, coach, "EndTrajectory", dossier, fields{"trajectory": c.Trajectory, "ended_on": date(t), "outcome": c.End.Outcome}, c.Trajectory)
	}
}

func (b *builder) particulars(c *client) fields {
	p := fields{"family_name": c.FamilyName, "given_names": c.GivenNames, "birth_date": c.BirthDate, "address": c.Address}
	for name, v := range map[string]string{"telephone": c.Telephone, "sex": c.Sex, "nationality": c.Nationality} {
		if v != "" {
			p[name] = v
		}
	}
	b.people++
	if c.BSN {
		p["bsn"] = bsn(b.agency, b.people)
	}
	if c.Bank {
		p["bank"] = iban(b.people)
	}
	return p
}

func (b *builder) step(c *client, s *step, dossier, coach string) {
	t := b.at(s.Day)
	day := strconv.Itoa(s.Day)
	switch {
	case s.Consent != nil:
		data := fields{"consent": b.id("consent", c.Key, s.Consent.Key), "for": s.Consent.For, "categories": s.Consent.Categories,
			"purpose": s.Consent.Purpose, "explicit": s.Consent.Explicit, "evidence": s.Consent.Text}
		if s.Consent.Recipient != "" {
			data["recipient"] = b.id("recipient", s.Consent.Recipient)
		}
		b.add(t, coach, "GiveConsent", dossier, data, s.Consent.Key)
	case s.Withdraw != "":
		b.add(t, coach, "WithdrawConsent", dossier, fields{"consent": b.id("consent", c.Key, s.Withdraw), "received_on": date(t), "channel": "email"}, s.Withdraw)
	case s.Disclose != nil:
		b.disclose(c, s.Disclose, t, dossier, coach)
	default:
		source := s.Source
		if source == "" {
			source = "staff_report"
		}
		data := fields{"record": b.id("record", c.Key, day), "category": s.Category, "title": s.Title, "text": s.Text,
			"source": source, "obtained_on": date(t), "trajectory": c.Trajectory}
		if s.Judgement {
			data["judgement"] = true
		}
		b.add(t, coach, "AddRecord", dossier, data, day)
		if s.Minutes > 0 {
			b.add(t, coach, "LogHours", dossier, fields{"entry": b.id("hours", c.Key, day), "trajectory": c.Trajectory, "date": date(t),
				"minutes": s.Minutes, "activity": s.Activity, "note": s.Title}, day)
		}
	}
}

func (b *builder) disclose(c *client, d *disclosure, t time.Time, dossier, coach string) {
	evidence := fields{}
	if d.Consent != "" {
		evidence["consent"] = b.id("consent", c.Key, d.Consent)
	}
	if d.Necessity != "" {
		evidence["necessity"] = d.Necessity
	}
	records := []string{}
	for _, day := range d.Records {
		records = append(records, b.id("record", c.Key, strconv.Itoa(day)))
	}
	b.add(t, coach, "Disclose", dossier, fields{"disclosure": b.id("disclosure", c.Key, d.Key), "recipient": b.id("recipient", d.Recipient),
		"recipient_person": d.Person, "address_used": d.Address, "categories": d.Categories, "records": records, "ground": d.Ground,
		"evidence": evidence, "purpose": d.Purpose, "channel": d.Channel}, d.Key)
	b.out[len(b.out)-1].Refused = d.Refused
}

// bsn is the n-th number of an agency that passes the eleven test, in the
// range 9999xxxxx, which is not given out and serves for tests.
func bsn(agency string, n int) string {
	v := 999900000
	if agency != Agencies[0] {
		v = 999950000
	}
	for found := 0; ; v++ {
		s := strconv.Itoa(v)
		if _, err := nl.ParseBSN(s); err == nil {
			if found++; found == n {
				return s
			}
		}
	}
}

// iban is a made-up account at a bank that does not exist.
func iban(n int) string {
	for check := 2; check < 99; check++ {
		s := fmt.Sprintf("NL%02dDEMO%010d", check, n)
		if _, err := nl.ParseIBAN(s); err == nil {
			return s
		}
	}
	return ""
}
