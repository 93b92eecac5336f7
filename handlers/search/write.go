package search

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/eventstore/seal"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/policy"
	"github.com/casefile-engine/casefile/projections/dossiers"
	"github.com/casefile-engine/casefile/projections/people"
)

// purpose is why the engine opens names.
const purpose = "index"

// write indexes a batch and moves the place with it. Doing it twice does no harm.
func (x *Index) write(ctx context.Context, list []item, p point, position uint64) error {
	var entries []entry
	if len(list) > 0 {
		// The views have the sealed names; they may be a moment behind.
		if err := x.Current(ctx, dossiers.Name, people.Name); err != nil {
			return err
		}
	}
	for len(list) > 0 {
		n := min(batchMax, len(list))
		by := map[string]*names{}
		for _, i := range list[:n] {
			if by[i.agency] == nil {
				by[i.agency] = &names{Index: x, agency: i.agency, epoch: p.epoch, seen: map[item]bool{}}
			}
			by[i.agency].add(i)
		}
		for _, a := range by {
			if err := a.read(ctx); err != nil {
				return err
			}
			found, err := a.open(ctx)
			if err != nil {
				return err
			}
			entries = append(entries, found...)
		}
		list = list[n:]
	}
	return x.store.save(ctx, entries, p, position)
}

// names are those of one batch in one agency.
type names struct {
	*Index
	agency               string
	epoch                int
	seen                 map[item]bool
	dossiers, recipients []string
	contact, bsn         map[string][]dossiers.Section
	named                []people.Recipient
}

// add takes an item along, once.
func (a *names) add(i item) {
	i.position = 0
	switch {
	case a.seen[i]:
		return
	case i.kind == kindDossier:
		a.dossiers = append(a.dossiers, i.id)
	default:
		a.recipients = append(a.recipients, i.id)
	}
	a.seen[i] = true
}

// read takes the sealed names out of the views.
func (a *names) read(ctx context.Context) (err error) {
	if len(a.dossiers) > 0 {
		if a.contact, err = dossiers.Particulars(ctx, a.DB, a.agency, domain.CatContact, a.dossiers); err != nil {
			return err
		}
		if a.bsn, err = dossiers.Particulars(ctx, a.DB, a.agency, domain.CatBSN, a.dossiers); err != nil {
			return err
		}
	}
	if len(a.recipients) == 0 {
		return nil
	}
	return people.ListRecipients(ctx, a.DB, a.agency, a.recipients, func(r people.Recipient) error {
		a.named = append(a.named, r)
		return nil
	})
}

// open opens the names under one access event, and gives their entries.
func (a *names) open(ctx context.Context) (out []entry, err error) {
	ack, err := a.record(ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range a.dossiers {
		e, err := a.entry(ctx, ack, id)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	for _, r := range a.named {
		e := entry{agency: a.agency, kind: kindRecipient, id: r.Recipient}
		var v struct {
			Name string `json:"name"`
		}
		if len(r.Name.Ciphertext) > 0 {
			if _, err := a.lay(ctx, ack, r.Name, &v); err != nil {
				return nil, err
			}
		}
		if e.tags, err = a.tagsOf(ctx, a.agency, kindRecipient, r.Recipient, a.epoch, NewName(v.Name)); err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// entry opens the names and the number of one dossier, each section lying over
// the earlier. A dossier whose keys are gone has an entry without anything.
func (a *names) entry(ctx context.Context, ack seal.Acknowledgement, id string) (entry, error) {
	e := entry{agency: a.agency, kind: kindDossier, id: id}
	var v struct {
		Family string `json:"family_name"`
		Given  string `json:"given_names"`
		BSN    string `json:"bsn"`
	}
	for _, list := range [][]dossiers.Section{a.contact[id], a.bsn[id]} {
		for _, s := range list {
			if _, err := a.lay(ctx, ack, s.Sealed, &v); err != nil {
				return e, err
			}
		}
	}
	var err error
	if e.tags, err = a.tagsOf(ctx, a.agency, kindDossier, id, a.epoch, NewName(v.Family, v.Given)); err == nil && v.BSN != "" {
		e.bsn, err = a.bsnDigest(ctx, a.agency, a.epoch, v.BSN)
	}
	return e, err
}

// lay opens a section and lays it over what is known; ok is false when its key is gone.
func (a *names) lay(ctx context.Context, ack seal.Acknowledgement, s seal.Sealed, over any) (ok bool, err error) {
	b, err := a.Opener.Open(ctx, ack, s)
	if err != nil {
		if codeOf(err) == "destroyed" {
			return false, nil
		}
		return false, err
	}
	return true, json.Unmarshal(b, over)
}

// record puts the engine's look on record, as any reader's: who, what, why.
func (a *names) record(ctx context.Context) (seal.Acknowledgement, error) {
	caller := commands.Caller{Door: commands.DoorEngine, Agency: a.agency, Staff: domain.Engine, Purpose: purpose}
	var categories []domain.Category
	var owners []string
	if len(a.dossiers) > 0 {
		categories = append(categories, domain.CatContact)
	}
	if len(a.bsn) > 0 {
		categories = append(categories, domain.CatBSN)
	}
	if len(a.recipients) > 0 {
		categories = append(categories, domain.CatRecipient)
	}
	for _, id := range a.dossiers {
		owners = append(owners, kindDossier+"/"+id)
	}
	for _, id := range a.recipients {
		owners = append(owners, kindRecipient+"/"+id)
	}
	slices.Sort(categories)
	d, err := a.Commands.Authorise(ctx, caller, a.agency, commands.Question{Action: "view", Of: policy.OfDossier, Purpose: purpose})
	if err != nil {
		return seal.Acknowledgement{}, err
	}
	if !d[0].Allowed {
		return seal.Acknowledgement{}, d[0].Err
	}
	ack, _, err := a.Commands.RecordAccess(ctx, caller, a.agency, commands.Basis{Purpose: purpose, Ground: d[0].Ground, PolicyDigest: d[0].Digest}, &access.Recorded{
		Action: "view", Outcome: access.Allowed, Dossiers: a.dossiers, Owners: owners, Categories: categories,
		Purpose: purpose, Ground: d[0].Ground, Role: d[0].Role, Policies: d[0].Policies,
	})
	return ack, err
}
