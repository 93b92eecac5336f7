package bundle

import (
	"encoding/json"
	"strings"

	"github.com/casefile-engine/casefile/eventstore"
)

// opened checks that each opened section is one of a commit, and that its
// ciphertext is the one whose digest the log covers.
func (c *checker) opened() error {
	for _, o := range c.r.Contents.Opened {
		ref, ok := c.section(o)
		if !ok || ref.SHA256 != o.SHA256 || ref.Owner != o.Owner || ref.Category != o.Category {
			return refuse(CodeOpened, OpenedName(max(o.Leaf, 0), o.Section))
		}
		if o.State != "open" {
			continue
		}
		plain, err := c.take(OpenedName(o.Leaf, o.Section))
		if err != nil {
			return err
		}
		b, err := c.take(SealedName(o.Leaf, o.Section))
		if err != nil {
			return err
		}
		if len(b) != ref.Size || digest(b) != o.SHA256 {
			return refuse(CodeOpened, SealedName(o.Leaf, o.Section))
		}
		var n struct {
			Name string `json:"name"`
		}
		if id, ok := strings.CutPrefix(o.Owner, "staff/"); ok && json.Unmarshal(plain, &n) == nil {
			c.r.Names[id] = n.Name
		}
	}
	return nil
}

func (c *checker) section(o Opened) (eventstore.SectionRef, bool) {
	x := c.lines[o.Leaf]
	if x == nil {
		return eventstore.SectionRef{}, false
	}
	n := o.Section
	for _, ev := range x.Envelope.Data.Events {
		for _, ref := range ev.Sections {
			switch {
			case ref.IsList():
			case n == 0:
				return ref, true
			default:
				n--
			}
		}
	}
	return eventstore.SectionRef{}, false
}
