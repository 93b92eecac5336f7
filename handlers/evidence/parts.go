package evidence

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/eventstore/ledger/bundle"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
	"github.com/casefile-engine/casefile/handlers/policy"
	"github.com/casefile-engine/casefile/projections/commits"
	"github.com/casefile-engine/casefile/projections/people"
	"github.com/casefile-engine/casefile/projections/regulations"
	"github.com/casefile-engine/casefile/projections/rows"
)

// commits adds all commits between the anchors that name the dossier, and checks
// that they are what the map says.
func (w *work) commits(ctx context.Context) error {
	leaves, err := w.log.Naming(ctx, w.e.Dossier, w.after.Size)
	if err != nil {
		return err
	}
	if w.before != nil {
		leaves = slices.DeleteFunc(leaves, func(i int64) bool { return i < w.before.Size })
	}
	w.complete = bundle.Completeness{Dossier: w.e.Dossier, Leaves: leaves}
	if leaves == nil {
		w.complete.Leaves = []int64{}
	}
	return w.prove("commits", leaves, func(ref bundle.Ref, c *eventstore.Commit) error {
		w.contents.Commits = append(w.contents.Commits, ref)
		w.contents.AccessInside = w.contents.AccessInside || ref.Position == w.e.Position
		if d := c.Envelope.Policy; d != "" && !slices.Contains(w.contents.PoliciesUnknown, d) {
			w.contents.PoliciesUnknown = append(w.contents.PoliciesUnknown, d) // until its text is found
		}
		if err := w.list(ref, c); err != nil {
			return err
		}
		return w.open(ctx, ref, c)
	}, func(position uint64) (*eventstore.Commit, error) { return w.e.Commit(ctx, position) })
}

// list adds what of the lists of a commit names the dossier, and nothing of the
// others that they name.
func (w *work) list(ref bundle.Ref, c *eventstore.Commit) error {
	var out []bundle.Entry
	for place := range c.Envelope.Data.Events {
		l, err := c.List(place)
		if err != nil {
			return err
		}
		if l == nil {
			continue
		}
		for _, r := range l.Reveal(w.e.Dossier) {
			out = append(out, bundle.Entry{Event: place, Revealed: r})
		}
	}
	if len(out) > 0 {
		w.add(bundle.ListName(ref.Leaf), bundle.FormatEntries(out))
	}
	return nil
}

// prove adds commits, each with its proof under the last checkpoint, to a folder.
func (w *work) prove(folder string, leaves []int64, each func(bundle.Ref, *eventstore.Commit) error, read func(uint64) (*eventstore.Commit, error)) error {
	proofs, err := w.log.InclusionProofs(leaves, w.last.Size)
	if err != nil {
		return err
	}
	for n, leaf := range leaves {
		position, err := w.log.PositionOf(leaf)
		if err != nil {
			return err
		}
		c, err := read(position)
		if err != nil {
			return err
		}
		if verify.CheckInclusion(proofs[n], w.last.Size, w.last.Root, leaf, tlog.Hash(eventstore.LeafHash(c.Clear))) != nil {
			return fmt.Errorf("%w: the commit at position %d differs from leaf %d of the ledger", eventstore.ErrDamaged, position, leaf)
		}
		w.add(bundle.CommitName(folder, leaf), c.Clear)
		w.add(bundle.ProofName(folder, leaf), bundle.Proof{Index: leaf, Hashes: proofs[n], Checkpoint: w.last.Note}.Format())
		if each == nil {
			continue
		}
		if err := each(bundle.Ref{Leaf: leaf, Position: position}, c); err != nil {
			return err
		}
	}
	return nil
}

// open adds what of a commit was opened.
func (w *work) open(ctx context.Context, ref bundle.Ref, c *eventstore.Commit) error {
	list, err := w.e.Sections(ctx, c)
	if err != nil {
		return err
	}
	for _, x := range list {
		w.contents.Opened = append(w.contents.Opened, bundle.Opened{
			Leaf: ref.Leaf, Section: x.Section, Owner: x.Ref.Owner, Category: x.Ref.Category, SHA256: x.Ref.SHA256, State: x.State,
		})
		if x.State == "open" {
			w.add(bundle.OpenedName(ref.Leaf, x.Section), x.Plain)
			w.add(bundle.SealedName(ref.Leaf, x.Section), x.Ciphertext)
		}
	}
	return nil
}

// anchors adds the two commits that say how log and map stood, and what the map
// says of the dossier.
func (w *work) anchors(ctx context.Context) error {
	b, err := w.anchor(ctx, w.after)
	if err != nil {
		return err
	}
	w.complete.After = *b
	leaves := []int64{w.after.Leaf}
	if w.before != nil {
		if w.complete.Before, err = w.anchor(ctx, *w.before); err != nil {
			return err
		}
		if w.before.Leaf != w.after.Leaf {
			leaves = append(leaves, w.before.Leaf)
		}
	}
	return w.prove("anchors", leaves, nil, func(position uint64) (*eventstore.Commit, error) { return w.e.Commit(ctx, position) })
}

func (w *work) anchor(ctx context.Context, a ledger.Anchored) (*bundle.Anchor, error) {
	p, err := w.log.MapProof(ctx, a.Size, w.e.Dossier)
	if err != nil {
		return nil, err
	}
	return &bundle.Anchor{Leaf: p.Leaf, Size: p.Size, Root: p.Root, MapRoot: p.MapRoot, Head: p.Head, Proof: p.Proof}, nil
}

// maxCheckpoints is how many checkpoints between the first and the last go along.
const maxCheckpoints = 60

// checkpoints adds checkpoints of the period, with the proofs that each goes on
// from the one before.
func (w *work) checkpoints(context.Context) error {
	list := []ledger.Signed{w.last}
	exact := func(size int64) error {
		c, err := w.log.CheckpointFor(size)
		if err == nil && c.Size != size {
			err = fmt.Errorf("%w: the checkpoint of size %d is no longer kept", ledger.ErrRange, size)
		}
		list = append(list, c)
		return err
	}
	first := int64(0)
	if w.before != nil {
		first = w.before.Size
		if err := exact(first); err != nil {
			return err
		}
	}
	if err := exact(w.after.Size); err != nil {
		return err
	}
	between, err := w.log.Between(first, w.last.Size, maxCheckpoints)
	if err != nil {
		return err
	}
	list = append(list, between...)
	for _, size := range w.backed {
		if err := exact(size); err != nil {
			return err
		}
	}
	slices.SortFunc(list, func(a, b ledger.Signed) int { return int(a.Size - b.Size) })
	list = slices.CompactFunc(list, func(a, b ledger.Signed) bool { return a.Size == b.Size })
	if err := w.outside(list); err != nil {
		return err
	}
	for i, c := range list {
		w.add(bundle.CheckpointName(c.Size), c.Note)
		if i == 0 {
			continue
		}
		p, err := w.log.ConsistencyProof(list[i-1].Size, c.Size)
		if err != nil {
			return err
		}
		w.add(bundle.ConsistencyName(list[i-1].Size, c.Size), bundle.Consistency{Old: list[i-1].Size, Hashes: p, Checkpoint: c.Note}.Format())
	}
	return nil
}

// supporting adds the adoptions of regulations and policies, their texts, and
// the commits in which opened names of staff were sealed.
func (w *work) supporting(ctx context.Context) error {
	found := map[uint64]*eventstore.Commit{}
	texts := map[string][]byte{w.m.Policies.BuiltIn().Digest(): w.m.Policies.BuiltIn().Document()}
	err := w.aggregate(ctx, domain.KindAgency, w.e.Agency, 0, func(c *eventstore.Commit) error {
		for _, ev := range c.Envelope.Data.Events {
			switch ev.Type {
			case agency.TypeRegulationAdopted:
				found[c.Position] = c
			case agency.TypePoliciesAdopted:
				found[c.Position] = c
				if err := w.own(ev.Data, texts); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err == nil && w.e.Opens() {
		err = w.names(ctx, found)
	}
	if err != nil {
		return err
	}
	var leaves []int64
	for _, c := range found {
		leaf, err := w.log.IndexOfCommit(c)
		if err != nil {
			return err
		}
		if leaf < w.covers { // else it came after the period
			leaves = append(leaves, leaf)
		}
	}
	slices.Sort(leaves)
	err = w.prove("supporting", leaves, func(ref bundle.Ref, c *eventstore.Commit) error {
		w.contents.Supporting = append(w.contents.Supporting, ref)
		return w.open(ctx, ref, c)
	}, func(position uint64) (*eventstore.Commit, error) { return found[position], nil })
	if err != nil {
		return err
	}
	w.policies(texts)
	return w.profiles(ctx)
}

// aggregate reads the commits of an aggregate after a version.
func (w *work) aggregate(ctx context.Context, kind, id string, after uint64, f func(*eventstore.Commit) error) error {
	return commits.ReadAggregate(ctx, w.m.DB, domain.Ref{Agency: w.e.Agency, Kind: kind, ID: id}, after, func(e commits.Entry) error {
		c, err := e.Checked()
		if err != nil {
			return err
		}
		return f(c)
	})
}

// own adds the document of an agency's own policies to texts.
func (w *work) own(data json.RawMessage, texts map[string][]byte) error {
	var ev agency.PoliciesAdopted
	if err := json.Unmarshal(data, &ev); err != nil {
		return fmt.Errorf("evidence: an adoption of policies: %w", err)
	}
	var files []policy.Text
	for _, f := range ev.Files {
		files = append(files, policy.Text{Name: f.Name, Text: f.Text})
	}
	s, err := w.m.Policies.Of(files)
	if err != nil {
		return nil // an older program's, which this one no longer reads: the adoption itself goes along
	}
	texts[s.Digest()] = s.Document()
	return nil
}

// names finds the commits in which the names of staff were sealed.
func (w *work) names(ctx context.Context, found map[uint64]*eventstore.Commit) error {
	ids := w.e.Staff()
	if len(ids) == 0 {
		return nil
	}
	sealed := map[string]uint64{}
	err := people.ListStaff(ctx, w.m.DB, w.e.Agency, ids, func(st people.Staff) error {
		if len(st.Name.Ciphertext) > 0 {
			sealed[st.Staff] = st.Name.Version
		}
		return nil
	})
	for id, version := range sealed {
		if err != nil {
			return err
		}
		err = w.aggregate(ctx, domain.KindStaff, id, version-1, func(c *eventstore.Commit) error {
			if names, err := ledger.Names(c); err != nil {
				return err
			} else if len(names) == 0 {
				found[c.Position] = c
			}
			return rows.ErrStop
		})
	}
	return err
}

// policies adds the texts by which the commits say they were decided.
func (w *work) policies(texts map[string][]byte) {
	var unknown []string
	slices.Sort(w.contents.PoliciesUnknown)
	for _, d := range w.contents.PoliciesUnknown {
		if text, ok := texts[d]; ok {
			w.contents.Policies = append(w.contents.Policies, d)
			w.add(bundle.PolicyName(d), text)
		} else {
			unknown = append(unknown, d)
		}
	}
	w.contents.PoliciesUnknown = unknown
}

// profiles adds the regulations that the agency had adopted.
func (w *work) profiles(ctx context.Context) error {
	book, err := regulations.Load(ctx, w.m.DB, w.e.Agency)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, a := range book.Adoptions(w.e.Agency) {
		b, err := a.Document.Canonical()
		if err != nil {
			return err
		}
		d, err := a.Document.Digest()
		if err != nil {
			return err
		}
		if seen[d] {
			continue
		}
		seen[d] = true
		w.contents.Profiles = append(w.contents.Profiles, bundle.Profile{Name: a.Document.Name, Version: a.Document.Version, Digest: d})
		w.add(bundle.ProfileName(d), b)
	}
	return nil
}

func (w *work) completeness(context.Context) error { return w.addJSON("completeness.json", w.complete) }

func (w *work) addJSON(name string, v any) error {
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return fmt.Errorf("evidence: %s: %w", name, err)
	}
	w.add(name, append(b, '\n'))
	return nil
}

// finish adds the list of contents and the pages for people, and signs all.
func (w *work) finish(context.Context) error {
	if err := w.addJSON("bundle.json", w.contents); err != nil {
		return err
	}
	return w.seal()
}
