package paper

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// RegisterVolume puts a volume of a dossier in a cabinet (C-1.1b).
type RegisterVolume struct {
	Volume  domain.ID `json:"volume"`
	Cabinet string    `json:"cabinet"`
}

// CheckOutPaper takes a volume out; whoever gives the command has it (C-2.7d).
type CheckOutPaper struct {
	Volume  domain.ID `json:"volume"`
	Purpose string    `json:"purpose"`
	Note    string    `json:"note,omitzero"` // beside the code, sealed
}

// CheckInPaper puts a volume back, in its own cabinet unless another is named.
type CheckInPaper struct {
	Volume  domain.ID `json:"volume"`
	Cabinet string    `json:"cabinet,omitzero"`
}

// AttestCabinets says that a cabinet was closed and complete on a day; what was
// out is explained, volume by volume (S-Bev1).
type AttestCabinets struct {
	Date         nl.Date      `json:"date"`
	Cabinet      string       `json:"cabinet"`
	Explanations Explanations `json:"explanations,omitzero"`
}

// DestroyPaper ends a volume before a witness (S-Bew4).
type DestroyPaper struct {
	Volume      domain.ID `json:"volume"`
	List        domain.ID `json:"list,omitzero"`
	Method      string    `json:"method"` // a code of domain.PaperDestructions, or words, which are sealed
	WitnessedBy domain.ID `json:"witnessed_by"`
}

// Explanations say of volumes why they are out. In JSON an object with the
// volumes as names, or a list of {volume, explanation}.
type Explanations map[domain.ID]string

// UnmarshalJSON reads either form.
func (x *Explanations) UnmarshalJSON(b []byte) error {
	var named map[domain.ID]string
	if json.Unmarshal(b, &named) == nil {
		*x = named
		return nil
	}
	var list []struct {
		Volume      domain.ID `json:"volume"`
		Explanation string    `json:"explanation"`
	}
	if err := json.Unmarshal(b, &list); err != nil {
		return domain.Invalid("invalid_type", "", `this is an object of explanations by volume, or a list of {"volume", "explanation"}`)
	}
	*x = make(Explanations, len(list))
	for _, e := range list {
		if _, twice := (*x)[e.Volume]; twice {
			return domain.Invalid("repeated", "", "a volume stands in this list twice; name each once")
		}
		(*x)[e.Volume] = e.Explanation
	}
	return nil
}

// CommandName is the name in the catalogue.

func (*RegisterVolume) CommandName() string { return "RegisterVolume" }
func (*CheckOutPaper) CommandName() string  { return "CheckOutPaper" }
func (*CheckInPaper) CommandName() string   { return "CheckInPaper" }
func (*AttestCabinets) CommandName() string { return "AttestCabinets" }
func (*DestroyPaper) CommandName() string   { return "DestroyPaper" }

// cabinetForm is what names a cabinet: it stands in the clear, since it is the
// name of a piece of furniture, and so it is short.
var cabinetForm = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9 ._/-]{0,18}[A-Za-z0-9])?$`)

func checkCabinet(k *domain.Check, cabinet string) {
	k.Has("cabinet", cabinet != "")
	if cabinet != "" && (!cabinetForm.MatchString(cabinet) || nl.LooksLikeBSN(cabinet)) {
		k.Fail(domain.Invalid("invalid_cabinet", "cabinet", "a cabinet is named with at most 20 letters, digits, spaces and . _ / -, for example K-1; the name stands in the clear, so it says nothing about a client"))
	}
}

// Validate tells what is wrong with the form of the command.
func (c *RegisterVolume) Validate() error {
	var k domain.Check
	k.ID("volume", &c.Volume)
	checkCabinet(&k, c.Cabinet)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *CheckOutPaper) Validate() error {
	var k domain.Check
	k.ID("volume", &c.Volume)
	k.Code("purpose", c.Purpose, domain.Purposes)
	k.OptionalText("note", c.Note, domain.MaxText)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *CheckInPaper) Validate() error {
	var k domain.Check
	k.ID("volume", &c.Volume)
	if c.Cabinet != "" {
		checkCabinet(&k, c.Cabinet)
	}
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *AttestCabinets) Validate() error {
	var k domain.Check
	k.Has("date", !c.Date.IsZero())
	checkCabinet(&k, c.Cabinet)
	if len(c.Explanations) > domain.MaxList {
		k.Fail(domain.Invalid("too_many", "explanations", "this list has more than "+strconv.Itoa(domain.MaxList)+" elements; split it"))
		return k.Err()
	}
	lower := make(Explanations, len(c.Explanations))
	for _, volume := range slices.Sorted(maps.Keys(c.Explanations)) {
		text := c.Explanations[volume]
		k.ID("explanations", &volume)
		k.Text("explanations", text, maxExplanation)
		lower[volume] = text
	}
	if len(lower) < len(c.Explanations) {
		k.Fail(domain.Invalid("repeated", "explanations", "a volume stands in this list twice; name each once"))
	}
	if c.Explanations != nil {
		c.Explanations = lower
	}
	return k.Err()
}

// maxExplanation is the longest explanation, in characters: a thousand of them
// fit in a commit.
const maxExplanation = 500

// Validate tells what is wrong with the form of the command.
func (c *DestroyPaper) Validate() error {
	var k domain.Check
	k.ID("volume", &c.Volume)
	k.OptionalID("list", &c.List)
	k.Text("method", c.Method, domain.MaxShort)
	k.ID("witnessed_by", &c.WitnessedBy)
	return k.Err()
}

// NeedsStaff are the members of staff whose states a command is judged by.
func NeedsStaff(c domain.Command) []domain.ID {
	if d, ok := c.(*DestroyPaper); ok {
		return []domain.ID{d.WitnessedBy}
	}
	return nil
}

// NeedsDossier tells whether a command is judged by the state of the dossier
// that it names.
func NeedsDossier(c domain.Command) bool {
	switch c.(type) {
	case *RegisterVolume, *DestroyPaper:
		return true
	}
	return false
}

// methodOf is the method in a code, with the words where it is none.
func methodOf(method string) (code string, words any) {
	if slices.Contains(domain.PaperDestructions, method) {
		return method, nil
	}
	return "other", method
}
