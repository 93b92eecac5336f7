package domain

import (
	"errors"
	"slices"
	"strings"
)

// Lister is an event that can name several dossiers, or another dossier than the
// one that it is on. Where it does, these lists are stored beside the clear line
// of its commit, so that a part of them can be shown without the rest
// (docs/adr/0009); where it names one dossier alone they stay where they are.
type Lister interface {
	Event
	// Lists points at the fields of the event that name dossiers.
	Lists() Lists
}

// Lists are the fields of an event that name dossiers; nil for what it has not.
// The order in them, and repetitions, say nothing and are not kept.
type Lists struct {
	// Dossiers are those that the event is about.
	Dossiers *[]ID
	// Owners are those whose keys it lets somebody open: "dossier/<id>",
	// "staff/<id>", "recipient/<id>".
	Owners *[]string
	// Other is a dossier that the event points at without being about it: it
	// becomes no part of that one's history.
	Other *ID
}

// The forms of an entry of a list, beside that of an owner.
const (
	entryBoth  = "+" // before an id: the event is about it, and opens its keys
	entryOther = ">" // before an id: Lists.Other
	ownDossier = KindDossier + "/"
)

// Named are the dossiers in the lists, each once, in byte order.
func (l Lists) Named() []ID {
	var out []ID
	if l.Dossiers != nil {
		out = append(out, *l.Dossiers...)
	}
	if l.Owners != nil {
		for _, o := range *l.Owners {
			if id, ok := strings.CutPrefix(o, ownDossier); ok {
				out = append(out, id)
			}
		}
	}
	if l.Other != nil && *l.Other != "" {
		out = append(out, *l.Other)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Entries are the lists as one, each entry once, in byte order:
//
//	+<id>    a dossier that the event is about, and whose keys it lets somebody open
//	<id>     a dossier that it is about
//	><id>    a dossier that it points at
//	<owner>  whose keys alone it lets somebody open: "dossier/<id>", "staff/<id>", …
//
// An error says that something in the lists has none of these forms.
func (l Lists) Entries() ([]string, error) {
	about := map[ID]bool{}
	if l.Dossiers != nil {
		for _, id := range *l.Dossiers {
			about[id] = false
		}
	}
	wrong := errors.New("domain: a list of dossiers holds something that is no id and no owner")
	for id := range about {
		if !plainID(id) {
			return nil, wrong
		}
	}
	var out []string
	if l.Owners != nil {
		for _, o := range *l.Owners {
			if !owner(o) {
				return nil, wrong
			}
			id, ok := strings.CutPrefix(o, ownDossier)
			if _, both := about[id]; ok && both {
				about[id] = true
			} else {
				out = append(out, o)
			}
		}
	}
	for id, opens := range about {
		if opens {
			id = entryBoth + id
		}
		out = append(out, id)
	}
	if l.Other != nil && *l.Other != "" {
		if !plainID(*l.Other) {
			return nil, wrong
		}
		out = append(out, entryOther+*l.Other)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// entry tells whether a text has the form of one.
func entry(s string) bool {
	if strings.HasPrefix(s, entryBoth) || strings.HasPrefix(s, entryOther) {
		return plainID(s[1:])
	}
	return owner(s) || plainID(s)
}

// owner tells whether a text is a kind of owner and which one.
func owner(s string) bool {
	kind, id, ok := strings.Cut(s, "/")
	return ok && kind != "" && id != "" && !strings.ContainsAny(kind, entryBoth+entryOther)
}

// plainID tells whether a text is an id as ParseID gives it.
func plainID(s string) bool {
	return len(s) == 36 && strings.Trim(s, "0123456789abcdef-") == "" && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' && strings.Count(s, "-") == 4
}

// Empty takes everything out of the lists.
func (l Lists) Empty() {
	if l.Dossiers != nil {
		*l.Dossiers = nil
	}
	if l.Owners != nil {
		*l.Owners = nil
	}
	if l.Other != nil {
		*l.Other = ""
	}
}

// Fill puts entries back, which Entries made: what the lists then hold is in byte
// order. An error says that an entry has no form or no field for it.
func (l Lists) Fill(entries []string) error {
	var dossiers []ID
	other := ""
	for _, e := range entries {
		switch {
		case !entry(e), strings.HasPrefix(e, entryOther) && other != "":
			return errors.New("domain: an entry of a list has another form than there is")
		case strings.HasPrefix(e, entryOther):
			other = e[len(entryOther):]
		case strings.HasPrefix(e, entryBoth):
			dossiers = append(dossiers, e[len(entryBoth):])
		case !strings.Contains(e, "/"):
			dossiers = append(dossiers, e)
		}
	}
	owners := OwnersOf(entries)
	if len(dossiers) > 0 && l.Dossiers == nil || len(owners) > 0 && l.Owners == nil || other != "" && l.Other == nil {
		return errors.New("domain: a list has an entry for which its event has no field")
	}
	slices.Sort(dossiers)
	if l.Dossiers != nil {
		*l.Dossiers = dossiers
	}
	if l.Owners != nil {
		*l.Owners = owners
	}
	if l.Other != nil {
		*l.Other = other
	}
	return nil
}

// OwnersOf are the owners in the entries of a list, in byte order.
func OwnersOf(entries []string) (out []string) {
	for _, e := range entries {
		switch {
		case strings.HasPrefix(e, entryBoth):
			out = append(out, ownDossier+e[len(entryBoth):])
		case strings.Contains(e, "/"):
			out = append(out, e)
		}
	}
	slices.Sort(out)
	return out
}
