package bundle

import (
	"encoding/json"
	"strings"

	"github.com/casefile-engine/casefile/eventstore"
)

// opened checks that each opened section is one of a commit, and that its
// ciphertext is the one whose digest the log covers.
func (c *checker) opened() error {
	sections := map[int64][]eventstore.SectionRef{}
	seen := map[[2]int64]bool{}
	for _, o := range c.r.Contents.Opened {
		ref, ok := c.section(sections, o)
		at := [2]int64{o.Leaf, int64(o.Section)}
		if !ok || seen[at] || ref.SHA256 != o.SHA256 || ref.Owner != o.Owner || ref.Category != o.Category {
			return refuse(CodeOpened, OpenedName(max(o.Leaf, 0), o.Section))
		}
		seen[at] = true
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

// section gives a section of a commit; known has those of the commits so far.
func (c *checker) section(known map[int64][]eventstore.SectionRef, o Opened) (eventstore.SectionRef, bool) {
	list, ok := known[o.Leaf]
	if x := c.lines[o.Leaf]; !ok && x != nil {
		for _, ev := range x.Envelope.Data.Events {
			for _, ref := range ev.Sections {
				if !ref.IsList() {
					list = append(list, ref)
				}
			}
		}
		known[o.Leaf] = list
	}
	if o.Section < 0 || o.Section >= len(list) {
		return eventstore.SectionRef{}, false
	}
	return list[o.Section], true
}
