package engine_test

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/eventstore/ledger/bundle"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/evidence"
	"github.com/casefile-engine/casefile/handlers/mining"
	"github.com/casefile-engine/casefile/handlers/queries"
)

// listed is an agency where lists, searches, exports, a grant, an incident, a
// review and a moved record name several dossiers in one commit.
type listed struct {
	*looks
	all []string // dossiers
	// owners are ids of a recipient and of a member of staff that stand in a list
	// alone, beside dossiers.
	owners []string
}

func listing(t *testing.T) *listed {
	t.Helper()
	w := &listed{looks: watched(t)}
	more, _ := clients(t, w.Engine, 3, "reintegration", "none")
	w.all = append([]string{w.dossier, w.other}, more...)
	for _, id := range w.all[1:] {
		do(t, w.Engine, operator, "AssignStaff", id, "2020-01-01T10:00:00Z", m{"staff": w.coach})
	}
	record, incident := uuid.NewString(), uuid.NewString()
	do(t, w.Engine, operator, "AddRecord", w.all[0], "2020-01-04T09:00:00Z", m{"record": record, "category": "report", "title": "Verkeerd", "text": "Van een ander.", "source": "staff_report"})
	do(t, w.Engine, operator, "ReportIncident", "", "2020-02-03T10:00:00Z", m{"incident": incident, "discovered_at": "2020-02-03T09:00:00Z", "kind": "wrong_recipient", "dossiers": w.all[:3], "categories": []string{"contact"}, "people": 3, "text": "Verkeerd verstuurd."})
	do(t, w.Engine, operator, "MoveRecord", w.all[0], "2020-03-07T10:00:00Z", m{"record": record, "to_dossier": w.all[1], "incident": incident})
	do(t, w.Engine, operator, "GrantAccess", "", "2020-02-02T09:00:00Z", m{"grant": uuid.NewString(), "staff": w.auditor.Staff, "dossiers": w.all[1:], "categories": []string{"contact"}, "purpose": "audit", "reason": "Steekproef.", "from": "2020-02-02", "until": "2020-03-02", "authorised_by": w.director.Staff})
	w.last = do(t, w.Engine, operator, "ReviewAccess", "", "2020-04-01T12:00:00Z", m{"review": uuid.NewString(), "from": "2020-01-01", "until": "2020-03-31", "dossiers": w.all[2:], "staff": []string{w.coach}, "sample": 5, "findings": "Geen.", "outcome": "in_order"}).Position
	shows(t, w.Engine, w.last)
	if rows, err := w.Queries.Caseload(t.Context(), w.by(w.asCoach(), "guidance", "list")); err != nil || len(rows) != len(w.all) {
		t.Fatal(len(rows), err)
	}
	for until := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		found, err := w.Queries.Search(t.Context(), w.by(w.asCoach(), "guidance", "search"), "Proef")
		if err == nil && len(found.Hits) == len(w.all)-1 {
			break
		}
		if time.Now().After(until) {
			t.Fatal(found, err)
		}
	}
	err := w.Queries.Export(t.Context(), queries.Reader{Caller: operator, Agency: "click", Purpose: "audit", Action: "export", After: w.last},
		queries.ExportOptions{Register: "dossiers", Open: true}, func(any) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	w.owners = []string{uuid.NewString(), uuid.NewString()}
	w.record(t, w.all[3:], "recipient/"+w.owners[0], "staff/"+w.owners[1])
	w.record(t, w.all[:2])
	return w
}

// record puts a list look on record as it is.
func (w *listed) record(t *testing.T, dossiers []string, owners ...string) {
	t.Helper()
	ev := &access.Recorded{Action: "list", Outcome: access.Allowed, Purpose: "guidance", Ground: "assignment", Categories: []domain.Category{domain.CatContact}, Dossiers: dossiers}
	for _, id := range dossiers {
		ev.Owners = append(ev.Owners, "dossier/"+id)
	}
	ev.Owners = append(ev.Owners, owners...)
	if _, _, err := w.Commands.RecordAccess(t.Context(), w.asCoach(), "click", commands.Basis{Purpose: "guidance", Ground: "assignment"}, ev); err != nil {
		t.Fatal(err)
	}
}

// everything is all that a bundle says, in bytes: its files and what the streams
// of the report on paper hold, which is given by itself as well.
func everything(t *testing.T, raw []byte) (out, paper []byte) {
	t.Helper()
	out = bytes.Clone(raw)
	for _, f := range must(bundle.Unpack(raw)) {
		out = append(out, f.Name...)
		out = append(append(out, '\n'), f.Data...)
		if f.Name != "report.pdf" {
			continue
		}
		for rest := f.Data; ; {
			_, after, ok := bytes.Cut(rest, []byte("stream\n"))
			if rest = after; !ok {
				break
			}
			z, err := zlib.NewReader(bytes.NewReader(rest))
			if err != nil {
				continue // the end of another stream
			}
			text, _ := io.ReadAll(z)
			paper = append(paper, bytes.ReplaceAll(text, []byte{0}, nil)...) // which is UTF-16
		}
	}
	return append(out, paper...), paper
}

// Issue 5 part 3, C-2.1.4b: given lists, searches, exports, a grant, an incident, a
// review and a moved record over several dossiers, when evidence of one is made,
// then it holds, has every commit that names the dossier, and no id of any other
// dossier, nor of an owner that stood in a list.
func TestEvidenceHoldsNoOtherClient_C_2_1_4b(t *testing.T) {
	w := listing(t)
	for n, id := range w.all {
		b := must(maker(w.Engine).Make(t.Context(), auditing, evidence.Request{Dossier: id, Open: n < 2}))
		raw := must(b.Bytes())
		r := holds(t, raw, nil)
		if r.Dossier != id {
			t.Fatal(r.Dossier)
		}
		said, paper := everything(t, raw)
		if !bytes.Contains(said, []byte(id)) || !bytes.Contains(paper, []byte(id[:9])) {
			t.Fatal("the dossier's own id was not found")
		}
		for _, other := range slices.Concat(w.all, w.owners) {
			if other != id && bytes.Contains(said, []byte(other[:9])) {
				t.Errorf("evidence of dossier %d holds the id of another client, or of a list: %s", n, other)
			}
		}
		w.every(t, id, r)
	}
	oneEach(t, w.Store)
}

// every compares a bundle with the stream: all that names the dossier is in it.
func (w *listed) every(t *testing.T, id string, r *bundle.Report) {
	t.Helper()
	var want, got []string
	lists := 0
	err := w.Store.ReadAll(t.Context(), 0, func(c *eventstore.Commit) error {
		names, err := ledger.Names(c)
		if l, _ := c.Lists(); slices.Contains(names, id) {
			want = append(want, fmt.Sprint(c.Position, " ", c.Envelope.Type, " ", len(l)))
			lists += len(l)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Commits {
		n := 0
		if c.Listed > 0 || c.Envelope.Type == "record.moved" {
			n = 1
		}
		got = append(got, fmt.Sprint(c.Position, " ", c.Envelope.Type, " ", n))
		if c.Look != nil && c.Listed > 0 && !slices.Equal(c.Look.Dossiers, []string{id}) {
			t.Errorf("a list look names %v", c.Look.Dossiers)
		}
	}
	// Looks at other dossiers' bundles came after; the stream may have more by now.
	if len(got) > len(want) || !slices.Equal(want[:len(got)], got) || len(want)-len(got) > 0 && !strings.Contains(want[len(got)], "access.recorded") {
		t.Errorf("the bundle has %q\nof %q", got, want)
	}
	if lists < 5 {
		t.Errorf("only %d lists name it", lists)
	}
}

// C-2.1.4b: the report says of a list that the dossier was one of so many.
func TestTheReportTellsOfLists_C_2_1_4b(t *testing.T) {
	w := listing(t)
	raw := evidenceOf(t, w.Engine, evidence.Request{Dossier: w.dossier})
	for _, f := range must(bundle.Unpack(raw)) {
		if f.Name != "README.html" {
			continue
		}
		for _, words := range []string{"een van 5 dossiers in een lijst", "one of 5 dossiers in a list"} {
			if !strings.Contains(string(f.Data), words) {
				t.Errorf("the report does not say %q", words)
			}
		}
	}
}

// T2, issue 5 part 3: the agency, with its key at hand, can show no other entry
// than the one of the dossier, none of another list, none with another salt, index
// or proof, and can leave none out.
func TestTheAgencyCannotForgeAnEntryOfAList_T2(t *testing.T) {
	w := listing(t)
	raw := evidenceOf(t, w.Engine, evidence.Request{Dossier: w.dossier})
	r := holds(t, raw, nil)
	var with []bundle.Commit // with a list that names it
	alone := int64(-1)
	for _, c := range r.Commits {
		if c.Listed > 1 {
			with = append(with, c)
		} else if alone < 0 {
			alone = c.Ref.Leaf
		}
	}
	if len(with) < 4 {
		t.Fatalf("%d commits with a list", len(with))
	}
	one := with[0]
	name := bundle.ListName(one.Ref.Leaf)
	list := must(must(w.Store.At(t.Context(), one.Position)).List(0))
	other := list.Reveal(w.all[1])[0]
	good := must(bundle.ParseEntries(forge(t, w.Engine, raw).files[name]))
	try := func(what string, code string, change func(f *forged, e *bundle.Entry)) {
		t.Helper()
		f, e := forge(t, w.Engine, raw), good[0]
		e.Proof = slices.Clone(e.Proof)
		change(f, &e)
		if f.files[name] != nil {
			f.files[name] = bundle.FormatEntries([]bundle.Entry{e})
		}
		refusedBy(t, what, f.sealed(), nil, code)
	}
	if holds(t, forge(t, w.Engine, raw).sealed(), nil) == nil {
		t.Fatal("what was sealed again does not hold")
	}
	try("without it", bundle.CodeMissing, func(f *forged, _ *bundle.Entry) { delete(f.files, name) })
	try("of another list", bundle.CodeList, func(f *forged, e *bundle.Entry) {
		*e = must(bundle.ParseEntries(f.files[bundle.ListName(with[1].Ref.Leaf)]))[0]
	})
	try("another salt", bundle.CodeList, func(_ *forged, e *bundle.Entry) { e.Salt[0] ^= 1 })
	try("another index", bundle.CodeList, func(_ *forged, e *bundle.Entry) { e.Index ^= 1 })
	try("no such index", bundle.CodeList, func(_ *forged, e *bundle.Entry) { e.Index = 1 << 40 })
	try("another event", bundle.CodeList, func(_ *forged, e *bundle.Entry) { e.Event = 1 })
	try("another dossier's", bundle.CodeList, func(_ *forged, e *bundle.Entry) { e.Revealed = other })
	try("another dossier", bundle.CodeList, func(_ *forged, e *bundle.Entry) { e.Entry = "+" + w.all[1] })
	try("another proof", bundle.CodeList, func(_ *forged, e *bundle.Entry) { e.Proof = other.Proof })
	try("a proof under another root", bundle.CodeList, func(_ *forged, e *bundle.Entry) { e.Proof[len(e.Proof)-1][0] ^= 1 })
	try("beside a commit without a list", bundle.CodeExtra, func(f *forged, _ *bundle.Entry) { f.files[bundle.ListName(1<<30)] = f.files[name] })
	for what, text := range map[string][]byte{
		"nothing":         nil,
		"only the header": []byte("casefile list entries v1\n\n"),
		"two entries":     bundle.FormatEntries([]bundle.Entry{good[0], {Revealed: other}}),
		"one twice":       bundle.FormatEntries([]bundle.Entry{good[0], good[0]}),
		"none":            bundle.FormatEntries(nil),
	} {
		f := forge(t, w.Engine, raw)
		f.files[name] = append([]byte{}, text...)
		refusedBy(t, what, f.sealed(), nil, bundle.CodeList)
	}
	f := forge(t, w.Engine, raw)
	f.files[bundle.ListName(alone)] = bytes.Clone(f.files[name])
	refusedBy(t, "beside a commit that names it alone", f.sealed(), nil, bundle.CodeForeign)
	f = forge(t, w.Engine, raw)
	line, root := bundle.CommitName("commits", one.Ref.Leaf), list.Head().Root
	f.files[line] = bytes.Replace(f.files[line], fmt.Appendf(nil, `"root":"%x"`, root[:]), fmt.Appendf(nil, `"root":"%x"`, make([]byte, 32)), 1)
	refusedBy(t, "under another root", f.sealed(), nil, bundle.CodeProof)
	for i := range f.files[name] {
		f := forge(t, w.Engine, raw)
		f.files[name] = bytes.Clone(f.files[name])
		f.files[name][i] ^= 1 << (i % 8)
		refusedBy(t, fmt.Sprintf("byte %d of an entry", i), f.sealed(), nil, bundle.CodeList)
	}
}

// what reads clear data apart from the views sees the lists too: the
// timeline, the history, process mining, and what had been known of a grant.
func TestListsShowWhereTheyMay_X_3(t *testing.T) {
	w := listing(t)
	v, err := w.Queries.Dossier(t.Context(), w.by(w.asCoach(), "guidance", "view"), w.dossier, queries.DossierOptions{Open: true})
	if err != nil {
		t.Fatal(err)
	}
	moved := slices.IndexFunc(v.Timeline, func(e queries.TimelineEntry) bool { return e.Type == "record.moved" })
	if moved < 0 || !strings.Contains(string(v.Timeline[moved].Clear), `"to_dossier":"`+w.all[1]+`"`) {
		t.Errorf("the timeline does not say where the record went: %+v", v.Timeline)
	}
	history, lists := export(t, w.Engine, "history", head(t, w.Engine)), 0
	for _, row := range history {
		if line := fmt.Sprintf("%s", row); strings.Contains(line, `"lists":"[{\"key\"`) && strings.Contains(line, w.all[2]) {
			lists++
		}
	}
	if lists < 4 {
		t.Errorf("the history has %d lists that name a dossier", lists)
	}
	related := 0
	err = w.Queries.Mining(t.Context(), auditing, queries.MiningOptions{}, func(e *mining.Event) error {
		if slices.Contains(e.Related, mining.Relation{Type: mining.Dossier, ID: w.all[2], Qualifier: "dossiers"}) {
			related++
		}
		return nil
	})
	if err != nil || related < 4 {
		t.Errorf("%d events of the log relate to a dossier that lists named: %v", related, err)
	}
}

// Issue 5 part 3: no clear line on the stream names more than one dossier, nor one
// on a dossier another.
func oneEach(t *testing.T, store eventstore.Store) {
	t.Helper()
	err := store.ReadAll(t.Context(), 0, func(c *eventstore.Commit) error {
		names := verify.Names(c.Clear)
		if own := c.Envelope.Kind == domain.KindDossier; len(names) > 1 || own && !slices.Equal(names, []string{c.Envelope.AggregateID}) {
			t.Errorf("the clear line of %s at %d names %d dossiers", c.Envelope.Type, c.Position, len(names))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
