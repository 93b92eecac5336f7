package replay

import (
	"net/http"

	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/evidence"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
	"github.com/casefile-engine/casefile/handlers/web/ui"
)

// proof is what the ledger says of what a page shows.
type proof struct {
	Good, Bad bool // neither: not signed yet
	Says      string
	Chain     string // whether each goes on from the one that it names
	Facts     []fact

	by map[uint64]string
}

// of gives the word for a commit.
func (p *proof) of(position uint64) string {
	if p == nil {
		return ""
	}
	return p.by[position]
}

// prove compares the commits on a page, and those that they go on from, with the
// signed tree; nil where there is no ledger.
func (p *Page) prove(r *http.Request, words *i18n.Printer, list []queries.Step) (*proof, error) {
	if p.Proofs == nil || len(list) == 0 {
		return nil, nil
	}
	leaves := make([]evidence.Leaf, 0, 2*len(list))
	for _, st := range list {
		leaves = append(leaves, evidence.Leaf{Position: st.Position, Hash: st.Leaf})
	}
	for _, st := range list {
		if st.ChainedTo != nil {
			leaves = append(leaves, evidence.Leaf{Position: st.ChainedTo.Position, Hash: st.ChainedTo.Leaf})
		}
	}
	id, _ := ui.IdentityOf(r)
	found, err := p.Proofs.Prove(r.Context(), id.Agency, leaves)
	if err != nil {
		return nil, err
	}
	out := &proof{by: map[uint64]string{}}
	for i, st := range list {
		out.by[st.Position] = string(found.Leaves[i])
	}
	own, chain := *found, *found
	own.Leaves, chain.Leaves = found.Leaves[:len(list)], found.Leaves[len(list):]
	out.says(words, &own, &chain)
	if found.Size > 0 {
		out.facts(words, list, found)
	}
	return out, nil
}

func (p *proof) says(words *i18n.Printer, own, chain *evidence.Proof) {
	n := len(own.Leaves)
	bad := own.Count(evidence.Differs)
	broken := chain.Count(evidence.Differs)
	switch {
	case own.Count(evidence.Stopped) > 0:
		p.Bad, p.Says = true, words.T("replay.proof.stopped")
	case bad > 0:
		p.Bad, p.Says = true, words.N("replay.proof.differs", bad)
	case own.Count(evidence.Pending) == n:
		p.Says = words.T("replay.proof.pending")
	case own.Count(evidence.Pending) > 0:
		p.Good, p.Says = true, words.N("replay.proof.most", own.Count(evidence.Proved), "rest", own.Count(evidence.Pending))
	default:
		p.Good, p.Says = true, words.N("replay.proof.proved", n)
	}
	switch {
	case broken > 0:
		p.Good, p.Bad, p.Chain = false, true, words.T("replay.chain.broken")
	case chain.Whole():
		p.Chain = words.N("replay.chain.whole", n)
	}
}

func (p *proof) facts(words *i18n.Printer, list []queries.Step, found *evidence.Proof) {
	if len(list) == 1 {
		p.Facts = append(p.Facts, fact{words.T("replay.leafhash"), list[0].Leaf})
		if found.Index[0] >= 0 {
			p.Facts = append(p.Facts, fact{words.T("replay.index"), words.T("replay.index.of", "n", nl.Count(int(found.Index[0])+1, words.Lang), "of", nl.Count(int(found.Size), words.Lang))})
		}
	}
	p.Facts = append(p.Facts, fact{words.T("replay.root"), found.Root}, fact{words.T("replay.signed"), words.T("replay.signed.up_to", "n", nl.Count(int(found.Size), words.Lang), "time", nl.DateTime(found.Recorded, words.Lang))},
		fact{words.T("replay.key"), found.Key})
}
