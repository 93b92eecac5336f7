package queries

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore/seal"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/policy"
	"github.com/casefile-engine/casefile/projections/people"
)

// nameStaff opens the names of everybody who stands in the view.
func (s *Service) nameStaff(ctx context.Context, ack seal.Acknowledgement, v *DossierView) error {
	ids := map[string]bool{}
	for _, e := range v.Timeline {
		ids[e.Actor] = true
	}
	for _, a := range v.Assigned {
		ids[a.Staff] = true
	}
	names, err := s.openNames(ctx, ack, v.Agency, ids)
	if err != nil {
		return err
	}
	for i := range v.Timeline {
		v.Timeline[i].ActorName = names[v.Timeline[i].Actor].Name
	}
	for i := range v.Assigned {
		if n, ok := names[v.Assigned[i].Staff]; ok {
			v.Assigned[i] = n
		}
	}
	v.Names = map[string]string{}
	for id, n := range names {
		v.Names[id] = n.Name
	}
	return nil
}

// openNames opens the names of members of staff; those whom the view does not
// know yet are absent.
func (s *Service) openNames(ctx context.Context, ack seal.Acknowledgement, agency string, ids map[string]bool) (map[string]StaffName, error) {
	list := make([]string, 0, len(ids))
	for id := range ids {
		if id != domain.Operator && id != domain.Engine && id != "" {
			list = append(list, id)
		}
	}
	out := map[string]StaffName{}
	if len(list) == 0 {
		return out, nil
	}
	slices.Sort(list)
	err := people.ListStaff(ctx, s.db, agency, list, func(st people.Staff) error {
		name, err := s.openName(ctx, ack, st.Name)
		out[st.Staff] = StaffName{Staff: st.Staff, Name: name, Roles: st.Roles}
		return err
	})
	return out, err
}

// openName opens a sealed name; "" when its key is gone or nothing was sealed.
func (s *Service) openName(ctx context.Context, ack seal.Acknowledgement, sealed seal.Sealed) (string, error) {
	if len(sealed.Ciphertext) == 0 {
		return "", nil
	}
	var v Value
	if err := s.opened(ctx, ack, sealed, &v); err != nil || v.State != "open" {
		return "", err
	}
	var n struct {
		Name string `json:"name"`
	}
	if err := json.Unmarshal(v.Data, &n); err != nil {
		return "", err
	}
	return n.Name, nil
}

// Recipient is a registered recipient with the name opened.
type Recipient struct {
	Recipient string `json:"recipient"`
	Name      string `json:"name"`
	Class     string `json:"class"`
	Subtype   string `json:"subtype,omitempty"`
	Ended     bool   `json:"ended,omitempty"`
}

// People gives the members of staff and the recipients of an agency with their
// names, after the look is on record.
func (s *Service) People(ctx context.Context, r Reader) ([]StaffName, []Recipient, error) {
	if err := checkReader(r); err != nil {
		return nil, nil, err
	}
	if err := s.wait(ctx, r); err != nil {
		return nil, nil, err
	}
	p, err := s.authorise(ctx, r, commands.Question{Of: policy.OfOffice})
	if err != nil {
		return nil, nil, err
	}
	var staff []people.Staff
	var recipients []people.Recipient
	l := look{categories: []domain.Category{domain.CatStaff, domain.CatRecipient}}
	err = people.ListStaff(ctx, s.db, r.Agency, nil, func(st people.Staff) error {
		staff = append(staff, st)
		l.owners = append(l.owners, st.Name.Owner)
		return nil
	})
	if err == nil {
		err = people.ListRecipients(ctx, s.db, r.Agency, nil, func(rc people.Recipient) error {
			recipients = append(recipients, rc)
			l.owners = append(l.owners, rc.Name.Owner)
			return nil
		})
	}
	if err != nil {
		return nil, nil, err
	}
	ack, _, err := s.record(ctx, r, p, l)
	if err != nil {
		return nil, nil, err
	}
	return s.openPeople(ctx, ack, staff, recipients)
}

func (s *Service) openPeople(ctx context.Context, ack seal.Acknowledgement, staff []people.Staff, recipients []people.Recipient) (ns []StaffName, rs []Recipient, err error) {
	for _, st := range staff {
		n := StaffName{Staff: st.Staff, Roles: st.Roles}
		if n.Name, err = s.openName(ctx, ack, st.Name); err != nil {
			return nil, nil, err
		}
		ns = append(ns, n)
	}
	for _, rc := range recipients {
		n := Recipient{Recipient: rc.Recipient, Class: rc.Class, Subtype: rc.Subtype, Ended: !rc.Ended.IsZero()}
		if n.Name, err = s.openName(ctx, ack, rc.Name); err != nil {
			return nil, nil, err
		}
		rs = append(rs, n)
	}
	return ns, rs, nil
}
