package queries

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore/seal"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/policy"
	"github.com/casefile-engine/casefile/projections/dossiers"
)

// mayCompare decides who may have the engine compare names: the compliance
// officer whose task the review of access is, and the operator. An auditor sees
// sealed content, and what follows from it, with an authorisation alone.
func (s *Service) mayCompare(ctx context.Context, r Reader, p pass) error {
	if r.Caller.Staff == domain.Operator {
		return nil
	}
	roles, err := s.commands.RolesOf(ctx, r.Agency, r.Caller.Staff)
	if err != nil || slices.Contains(roles, "compliance_officer") {
		return err
	}
	p.Allowed, p.Ground, p.Role = false, "none", ""
	p.Err = &domain.Error{Kind: domain.KindForbidden, Code: "not_permitted", Rule: "C-2.1.4b", Message: "only a compliance officer has names compared; leave names out"}
	s.deny(ctx, r, p, commands.Question{})
	return p.Err
}

// ownNames adds the looks at dossiers of clients who have the looker's own family
// name. The names are opened by the engine, on behalf of the reader and for an
// audit, with at most 1,000 dossiers under one recorded look; nothing of them
// comes out but that they are equal.
func (s *Service) ownNames(ctx context.Context, r Reader, opened map[opening]*Pattern, out *Patterns) error {
	engine := Reader{
		Caller: commands.Caller{Door: commands.DoorEngine, Agency: r.Agency, Staff: domain.Engine, OnBehalfOf: r.Caller.Staff},
		Agency: r.Agency, Purpose: "audit", Action: "search",
	}
	p, err := s.authorise(ctx, engine, commands.Question{Of: policy.OfDossier, Categories: []domain.Category{domain.CatContact}})
	if err != nil {
		return err
	}
	list := sortedOpenings(opened)
	for len(list) > 0 {
		n := partOf(list)
		equal, position, err := s.compare(ctx, engine, p, list[:n])
		if err != nil {
			return err
		}
		out.NamesRecord = position
		for _, o := range equal {
			out.Patterns = append(out.Patterns, *opened[o])
		}
		list = list[n:]
	}
	return nil
}

// partOf is how many of the openings, which are sorted by dossier, name no more
// dossiers than one access event does.
func partOf(list []opening) int {
	different := 0
	for i, o := range list {
		if i == 0 || o.dossier != list[i-1].dossier {
			if different++; different > maxListed {
				return i
			}
		}
	}
	return len(list)
}

// compare opens the names and gives the openings in which they are equal.
func (s *Service) compare(ctx context.Context, r Reader, p pass, list []opening) (equal []opening, position uint64, err error) {
	l, staff := look{categories: []domain.Category{domain.CatContact, domain.CatStaff}}, map[string]bool{}
	for _, o := range list {
		staff[o.staff] = true
		l.dossiers = append(l.dossiers, o.dossier)
	}
	l.dossiers = slices.Compact(l.dossiers)
	for _, id := range l.dossiers {
		l.owners = append(l.owners, "dossier/"+id)
	}
	for id := range staff {
		l.owners = append(l.owners, "staff/"+id)
	}
	ack, position, err := s.record(ctx, r, p, l)
	if err != nil {
		return nil, 0, err
	}
	names, err := s.openNames(ctx, ack, r.Agency, staff)
	if err != nil {
		return nil, position, err
	}
	contacts, err := dossiers.Particulars(ctx, s.db, r.Agency, domain.CatContact, l.dossiers)
	if err != nil {
		return nil, position, err
	}
	families := map[string]string{}
	for _, id := range l.dossiers {
		if families[id], err = s.familyName(ctx, ack, contacts[id]); err != nil {
			return nil, position, err
		}
	}
	for _, o := range list {
		if sameFamily(names[o.staff].Name, families[o.dossier]) {
			equal = append(equal, o)
		}
	}
	return equal, position, nil
}

// familyName is the client's family name as it stands now; "" when it is gone.
func (s *Service) familyName(ctx context.Context, ack seal.Acknowledgement, list []dossiers.Section) (string, error) {
	var name struct {
		Family string `json:"family_name"`
	}
	for _, sec := range list {
		var v Value
		if err := s.opened(ctx, ack, sec.Sealed, &v); err != nil {
			return "", err
		}
		if v.State != "open" {
			return "", nil
		}
		if err := json.Unmarshal(v.Data, &name); err != nil {
			return "", err
		}
	}
	return name.Family, nil
}

// prefixes stand before a family name and are no part of what is compared: who
// is called De Vries is found under Vries.
var prefixes = map[string]bool{
	"de": true, "den": true, "der": true, "het": true, "t": true, "van": true, "von": true, "ten": true, "ter": true, "te": true,
	"op": true, "in": true, "la": true, "le": true, "el": true, "al": true, "ben": true, "bin": true, "di": true, "da": true, "dos": true, "du": true,
}

// sameFamily tells whether a client's family name, or one part of a double one,
// is in a member of staff's name, which is written as one text: given names
// first, or "family name, given names". It rather finds one too many than one too
// few: the answer begins a review, it decides nothing.
func sameFamily(staff, client string) bool {
	family, _, comma := strings.Cut(staff, ",")
	own := words(family)
	if !comma && len(own) > 1 {
		own = own[1:] // the first is a given name
	}
	for part := range strings.SplitSeq(client, "-") {
		w := words(part)
		for len(w) > 1 && prefixes[w[0]] {
			w = w[1:]
		}
		if len(w) == 0 {
			continue
		}
		for i := range own {
			if i+len(w) <= len(own) && slices.Equal(own[i:i+len(w)], w) {
				return true
			}
		}
	}
	return false
}

// words are the words of a name without accents, in lower case.
func words(name string) []string {
	plain, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), name)
	if err != nil {
		plain = name
	}
	return strings.FieldsFunc(strings.ToLower(plain), func(r rune) bool { return !unicode.IsLetter(r) })
}
