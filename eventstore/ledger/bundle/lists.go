package bundle

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

const entriesHeader = "casefile list entries v1\n"

// Entry is one entry of the list of an event, with what shows that it is in it.
type Entry struct {
	Event int // the place of the event in its commit, from 0
	verify.Revealed
}

// ListName is where the entries of a commit's lists stand that name the dossier.
func ListName(leaf int64) string { return fmt.Sprintf("commits/%010d.list", leaf) }

// FormatEntries is the one text of entries. The hashes are the inclusion proof of
// RFC 6962, the lowest first, in the tree whose root the event's data have as
// list.root and whose size as list.count; the record there is salt ‖ entry.
//
//	casefile list entries v1
//
//	event <place of the event in the commit, from 0>
//	index <place in the list, from 0>
//	entry <text>
//	salt <standard base64>
//	<hash, standard base64>
//	…
//
// An empty line stands before each entry.
func FormatEntries(list []Entry) []byte {
	b := []byte(entriesHeader)
	for _, e := range list {
		b = fmt.Appendf(b, "\nevent %d\nindex %d\nentry %s\nsalt %s\n", e.Event, e.Index, e.Entry, base64.StdEncoding.EncodeToString(e.Salt[:]))
		b = appendHashes(b, e.Proof)
	}
	return b
}

// ParseEntries reads the text of FormatEntries.
func ParseEntries(b []byte) ([]Entry, error) {
	rest, ok := bytes.CutPrefix(b, []byte(entriesHeader+"\n"))
	if !ok {
		return nil, refuse(CodeList, "")
	}
	var out []Entry
	for part := range strings.SplitSeq(string(rest), "\n\n") {
		e, err := parseEntry(strings.Split(strings.TrimSuffix(part, "\n"), "\n"))
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	if !bytes.Equal(FormatEntries(out), b) {
		return nil, refuse(CodeList, "")
	}
	return out, nil
}

func parseEntry(lines []string) (e Entry, err error) {
	fields := [4]string{}
	for i, name := range []string{"event ", "index ", "entry ", "salt "} {
		text, ok := "", len(lines) > i
		if ok {
			text, ok = strings.CutPrefix(lines[i], name)
		}
		if !ok {
			return e, refuse(CodeList, "")
		}
		fields[i] = text
	}
	event, err1 := strconv.ParseInt(fields[0], 10, 32)
	index, err2 := strconv.ParseInt(fields[1], 10, 64)
	salt, err3 := base64.StdEncoding.Strict().DecodeString(fields[3])
	if err1 != nil || err2 != nil || err3 != nil || event < 0 || index < 0 || len(salt) != verify.SaltSize {
		return e, refuse(CodeList, "")
	}
	hashes, err := parseHashes(lines[len(fields):])
	if err != nil {
		return e, refuse(CodeList, "")
	}
	return Entry{int(event), verify.Revealed{Index: index, Entry: fields[2], Salt: [verify.SaltSize]byte(salt), Proof: tlog.RecordProof(hashes)}}, nil
}

// named checks that a commit names the dossier and, in the clear, no other one:
// by its clear line, or by the entries of its lists that are in the bundle. Those
// are then put back into the look.
func (c *checker) named(x *Commit, clear []byte) error {
	file, lists := CommitName("commits", x.Ref.Leaf), false
	names := verify.Names(clear)
	if slices.ContainsFunc(names, func(id string) bool { return id != c.r.Dossier }) {
		return refuse(CodeForeign, file)
	}
	for i := range x.Envelope.Data.Events {
		ev := &x.Envelope.Data.Events[i]
		head, has := verify.HeadOf(ev.Data)
		if n := len(ev.Sections); has != (n > 0 && ev.Sections[n-1].IsList()) {
			return refuse(CodeContents, file)
		}
		lists = lists || has
		x.Listed = max(x.Listed, head.Named)
	}
	file = ListName(x.Ref.Leaf)
	_, there := c.files[file]
	switch {
	case !there && len(names) > 0:
		return nil
	case !lists:
		return refuse(CodeForeign, CommitName("commits", x.Ref.Leaf)) // a file of entries beside it is one too many
	}
	b, err := c.take(file)
	if err != nil {
		return err
	}
	entries, err := ParseEntries(b)
	if err != nil {
		return refuse(CodeList, file)
	}
	for i, e := range entries {
		if i > 0 && (e.Event < entries[i-1].Event || e.Event == entries[i-1].Event && e.Index <= entries[i-1].Index) || !c.entry(x, e) {
			return refuse(CodeList, file)
		}
	}
	return nil
}

// hasList tells whether an event of a commit has a list.
func hasList(x *eventstore.Commit) bool {
	return slices.ContainsFunc(x.Envelope.Data.Events, func(ev eventstore.StoredEvent) bool {
		_, ok := verify.HeadOf(ev.Data)
		return ok
	})
}

// entry checks an entry, and puts it into the look.
func (c *checker) entry(x *Commit, e Entry) bool {
	if e.Event >= len(x.Envelope.Data.Events) || !e.Names(c.r.Dossier) {
		return false
	}
	ev := &x.Envelope.Data.Events[e.Event]
	head, ok := verify.HeadOf(ev.Data)
	if !ok || head.Check(e.Revealed) != nil {
		return false
	}
	if x.Look == nil || ev.Type != access.TypeRecorded {
		return true
	}
	var part access.Recorded
	if part.Lists().Fill([]string{e.Entry}) != nil {
		return false
	}
	x.Look.Dossiers = append(x.Look.Dossiers, part.Dossiers...)
	x.Look.Owners = append(x.Look.Owners, part.Owners...)
	return true
}
