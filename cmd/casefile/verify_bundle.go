package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"filippo.io/age"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/eventstore/ledger/bundle"
)

// bundleFlags are those of casefile verify BUNDLE, which needs no data
// directory, no server, no network and none of the agency's keys, and writes
// nothing.
type bundleFlags struct {
	Bundle   string   `arg:"" optional:"" help:"An evidence bundle to check, offline; without it the whole data directory is looked over."`
	Key      string   `placeholder:"FILE" help:"Of a bundle: the agency's public key, as you got it by another way (its ledger.pub, or keys/log.vkey of an earlier bundle)."`
	Identity string   `placeholder:"FILE" help:"Of an encrypted bundle: the file of the age identity that it was encrypted to."`
	Witness  []string `sep:"none" placeholder:"KEY" help:"A witness whom you trust: its public key as it gave it to you, or a file with it. May be given again."`
	Roots    string   `name:"tsa-roots" placeholder:"FILE" help:"Of a bundle: the root certificates (PEM) of time-stamping authorities whom you trust."`
	Lang     string   `default:"en" enum:"nl,en" help:"Of a bundle: the language of the answer, nl or en."`
}

// check checks the bundle, and ends with exit code 6 when it proves nothing.
func (c *bundleFlags) check(a *app) error {
	t, err := c.trust(a)
	if err != nil {
		return err
	}
	b, err := readFile(a, c.Bundle, bundle.MaxSize+1<<20)
	if err == nil {
		b, err = c.decrypt(a, b)
	}
	if err != nil {
		return err
	}
	r, err := bundle.CheckWith(b, t)
	lang := nl.Lang(c.Lang)
	var no *bundle.Refusal
	switch {
	case errors.As(err, &no):
		if a.g.JSON {
			err = json.NewEncoder(a.io.Stdout).Encode(map[string]any{"holds": false, "code": no.Code, "file": no.File, "message": no.Says(lang)})
			return errors.Join(err, &result{exitVerify})
		}
		fmt.Fprintf(a.io.Stderr, "casefile: %s: %s\n          (%s)\n", refusedWord[lang], no.Says(lang), no.Code)
		return &result{exitVerify}
	case err != nil:
		return err
	case a.g.JSON:
		return tellJSON(a.io.Stdout, r, lang)
	}
	return tellBundle(a.io.Stdout, r, lang)
}

// trust is what the checker brings along.
func (c *bundleFlags) trust(a *app) (t bundle.Trust, err error) {
	if c.Key != "" {
		text, err := readFile(a, c.Key, 4<<10)
		if err != nil {
			return t, err
		}
		k, err := bundle.ParseKey(string(text))
		if err != nil {
			return t, invalid("unknown_key", "key", "that file holds no public key of a log; it is one line that begins with casefile/")
		}
		t.Key = &k
	}
	for _, text := range fields(c.Witness) {
		w, err := witnessKey(text, func(name string) ([]byte, error) { return readFile(a, name, 16<<10) })
		if err != nil {
			return t, err
		}
		t.Witnesses = append(t.Witnesses, w)
	}
	if c.Roots != "" {
		b, err := readFile(a, c.Roots, 1<<20)
		if err != nil {
			return t, err
		}
		if t.Roots, err = certificates(b, "tsa-roots"); err != nil {
			return t, err
		}
	}
	return t, nil
}

var refusedWord = map[nl.Lang]string{nl.Dutch: "dit bewijst niets", nl.English: "this proves nothing"}

// readFile reads a file up to a size.
func readFile(a *app, name string, limit int64) ([]byte, error) {
	f, err := a.io.Open(name)
	if err != nil {
		return nil, fileError(name, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fileError(name, err)
	}
	return b, nil // one that is larger is told by its checker
}

// decrypt opens a bundle that was encrypted to a recipient.
func (c *bundleFlags) decrypt(a *app, b []byte) ([]byte, error) {
	if !bytes.HasPrefix(b, []byte("age-encryption.org/")) {
		return b, nil
	}
	if c.Identity == "" {
		return nil, invalid("encrypted", "identity", "the bundle is encrypted; give the file of your age identity with --identity")
	}
	text, err := readFile(a, c.Identity, 64<<10)
	if err != nil {
		return nil, err
	}
	ids, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil {
		return nil, invalid("unknown_identity", "identity", "that file holds no identity of age; age-keygen makes one")
	}
	r, err := age.Decrypt(bytes.NewReader(b), ids...)
	if err == nil {
		b, err = io.ReadAll(io.LimitReader(r, bundle.MaxSize+1))
	}
	if err != nil {
		a.say("casefile: the bundle was encrypted to somebody else, or was changed on the way\n          (not_decrypted)")
		return nil, &result{exitVerify}
	}
	return b, nil
}

// told is a report as a program reads it.
type told struct {
	Holds       bool       `json:"holds"`
	Origin      string     `json:"origin"`
	Agency      string     `json:"agency"`
	Dossier     string     `json:"dossier"`
	Key         string     `json:"key"`
	Fingerprint string     `json:"fingerprint"`
	KeyGiven    bool       `json:"key_given"`
	From        *time.Time `json:"from,omitempty"`
	Until       *time.Time `json:"until,omitempty"`
	// CompleteSince and CompleteUpTo bound what the completeness is proved for.
	CompleteSince *time.Time    `json:"complete_since,omitempty"`
	CompleteUpTo  time.Time     `json:"complete_up_to"`
	PeriodProved  bool          `json:"period_proved"`
	Commits       int           `json:"commits"`
	Looks         []toldLook    `json:"looks"`
	Checkpoint    toldSigned    `json:"checkpoint"`
	Witnesses     []toldBacking `json:"witnesses"`
	TimeStamps    []toldBacking `json:"time_stamps"`
	Words         *bundle.Words `json:"words"`
}

// toldBacking is what a witness or a time-stamping authority vouched for.
type toldBacking struct {
	Name    string    `json:"name"`
	Key     string    `json:"key,omitempty"`
	Trusted bool      `json:"trusted"` // by --witness or --tsa-roots
	Size    int64     `json:"size"`
	At      time.Time `json:"at"`
}

// backings are those of a report.
func backings(r *bundle.Report) (witnesses, stamps []toldBacking) {
	witnesses, stamps = []toldBacking{}, []toldBacking{}
	for _, x := range r.Cosigners {
		witnesses = append(witnesses, toldBacking{x.Name, x.Text, x.Named, x.Checkpoint.Size, x.At})
	}
	for _, x := range r.Stamps {
		stamps = append(stamps, toldBacking{x.Authority, "", x.Rooted, x.Checkpoint.Size, x.Time})
	}
	return witnesses, stamps
}

type toldLook struct {
	Leaf     int64             `json:"leaf"`
	Recorded time.Time         `json:"recorded_at"`
	Occurred time.Time         `json:"occurred_at"`
	Actor    string            `json:"actor"`
	Name     string            `json:"name,omitempty"`
	Role     string            `json:"role,omitempty"`
	Action   string            `json:"action"`
	Purpose  string            `json:"purpose,omitempty"`
	Ground   string            `json:"ground"`
	Outcome  string            `json:"outcome"`
	List     int               `json:"dossiers"` // how many it named
	Imported bool              `json:"imported,omitempty"`
	Kinds    []domain.Category `json:"categories,omitempty"`
}

type toldSigned struct {
	Size     int64     `json:"size"`
	Root     string    `json:"root"`
	Recorded time.Time `json:"recorded_at"`
}

func looksOf(r *bundle.Report) []toldLook {
	out := []toldLook{}
	for _, c := range r.Looks() {
		l := c.Look
		out = append(out, toldLook{Leaf: c.Ref.Leaf, Recorded: c.Envelope.Recorded, Occurred: c.Envelope.Time, Actor: c.Envelope.Actor,
			Name: r.Names[c.Envelope.Actor], Role: l.Role, Action: l.Action, Purpose: l.Purpose, Ground: l.Ground, Outcome: l.Outcome,
			List: max(len(l.Dossiers), int(c.Listed)), Imported: l.Imported, Kinds: l.Categories})
	}
	return out
}

func tellJSON(w io.Writer, r *bundle.Report, lang nl.Lang) error {
	words := r.Says(lang)
	t := told{Holds: true, Origin: r.Origin, Agency: r.Agency, Dossier: r.Dossier, Key: r.Key.Text, Fingerprint: r.Key.Fingerprint(), KeyGiven: r.Trusted,
		From: r.From, Until: r.Until, CompleteUpTo: r.UpTo, PeriodProved: r.FromProved && r.UntilProved, Commits: len(r.Commits), Looks: looksOf(r),
		Checkpoint: toldSigned{r.Last.Size, r.Last.Root.String(), r.Last.Recorded}, Words: &words}
	t.Witnesses, t.TimeStamps = backings(r)
	if !r.Since.IsZero() {
		t.CompleteSince = &r.Since
	}
	return json.NewEncoder(w).Encode(t)
}

// headings of the answer.
var headings = map[nl.Lang][6]string{
	nl.Dutch:   {"BEWEZEN", "ONDERTEKEND", "NIET BEWEZEN", "WAT MEEGAAT", "WIE INZAG HAD IN DE PERIODE", "KEER\tEERSTE\tLAATSTE\tWIE\tROL\tDOEL\tGRONDSLAG\tUITKOMST"},
	nl.English: {"PROVED", "SIGNED", "NOT PROVED", "WHAT GOES ALONG", "WHO LOOKED IN THE PERIOD", "TIMES\tFIRST\tLAST\tWHO\tROLE\tPURPOSE\tGROUND\tOUTCOME"},
}

// tellBundle writes for a person what a bundle proves, and what it does not.
func tellBundle(out io.Writer, r *bundle.Report, lang nl.Lang) error {
	words, head := r.Says(lang), headings[lang]
	w := &strings.Builder{}
	fmt.Fprintln(w, words.Title)
	for i, list := range [][]string{words.Proved, words.Signed, words.NotProved, words.Along} {
		fmt.Fprintf(w, "\n%s\n", head[i])
		for _, s := range list {
			fmt.Fprintf(w, "  - %s\n", oneLine(s))
		}
	}
	fmt.Fprintf(w, "\n%s\n", head[4])
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, head[5])
	for _, g := range grouped(looksOf(r)) {
		x := g[0]
		who := x.Actor
		if x.Name != "" {
			who = x.Name + " (" + x.Actor + ")"
		}
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", len(g), stamp(x.Occurred), stamp(g[len(g)-1].Occurred), oneLine(who), oneLine(x.Role), oneLine(x.Purpose), oneLine(x.Ground), oneLine(x.Outcome))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(out, w.String())
	return err
}

// grouped lays together the looks that differ in their time alone.
func grouped(list []toldLook) (out [][]toldLook) {
	for _, x := range list {
		i := slices.IndexFunc(out, func(g []toldLook) bool {
			y := g[0]
			return y.Actor == x.Actor && y.Role == x.Role && y.Purpose == x.Purpose && y.Ground == x.Ground && y.Outcome == x.Outcome
		})
		if i < 0 {
			out = append(out, []toldLook{x})
			continue
		}
		out[i] = append(out[i], x)
	}
	return out
}
