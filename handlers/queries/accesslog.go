package queries

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/accesslog"
	"github.com/casefile-engine/casefile/projections/access"
	"github.com/casefile-engine/casefile/projections/dossiers"
	"github.com/casefile-engine/casefile/projections/people"
	"github.com/casefile-engine/casefile/projections/regulations"
	"github.com/casefile-engine/casefile/projections/rows"
)

// pseudonymUse is the use under which dossiers are digested for the logs of others.
const pseudonymUse = "ldv"

// AccessLogOptions choose what is written of the access register for other
// systems. Register and Open of the embedded options are not used.
type AccessLogOptions struct {
	ExportOptions
	// AfterPosition leaves out what stands at that position or before it: what a
	// collector has acknowledged.
	AfterPosition uint64
	// Trace (32 hex digits), Activity (a URI) and Subject (a pseudonym) keep what
	// has them.
	Trace, Activity, Subject string
}

// Bounded tells whether the options name one trace, one activity or one data
// subject: Logboek Dataverwerkingen is not read without any of them.
func (o AccessLogOptions) Bounded() bool {
	return o.Trace != "" || o.Activity != "" || o.Subject != "" || o.Dossier != ""
}

// AccessLog calls emit with the looks of the access register as other systems
// have them, in stream order, a list as one entry for each dossier. Who
// may, and what goes on record, is as with the export of the register; no entry
// has a dossier's id.
func (s *Service) AccessLog(ctx context.Context, r Reader, o AccessLogOptions, emit func(*accesslog.Entry) error) error {
	o.Register, o.Open = accessRegister, false
	if err := s.checkExport(ctx, r, &o.ExportOptions); err != nil {
		return err
	}
	_, sc, err := s.registerScope(ctx, r, accessRegister)
	if err != nil {
		return err
	}
	if err := s.current(ctx, access.Name); err != nil {
		return err
	}
	// Of a dossier that is not the reader's, whose pseudonym it is stays untold.
	if o.Subject != "" && (o.Dossier == "" || sc.holds(o.Dossier)) {
		id, err := s.subject(ctx, r, sc, o.Subject)
		if err != nil {
			return err
		}
		if o.Dossier != "" && o.Dossier != id {
			return domain.Invalid("two_subjects", "subject", "a question is about one data subject; leave dossier or subject out")
		}
		o.Dossier = id
	}
	known, err := s.Agencies(ctx)
	if err != nil {
		return err
	}
	w := &logWriter{s: s, ctx: ctx, known: known, agencies: map[string]*logAgency{}}
	return s.Export(ctx, r, o.ExportOptions, func(row any) error {
		x, ok := row.(access.Row)
		if !ok || x.Position <= o.AfterPosition {
			return nil
		}
		e, err := w.entry(&x)
		if err != nil {
			return err
		}
		if o.Trace != "" && hex.EncodeToString(e.Trace[:]) != o.Trace || o.Activity != "" && e.Activity() != o.Activity {
			return nil
		}
		return emit(e)
	})
}

// subject gives the dossier of the scope that has a pseudonym. For one that none
// of them has it gives an id that none has either, so that the answer is the same
// as for a dossier that is not there, or is not the reader's.
func (s *Service) subject(ctx context.Context, r Reader, sc scope, pseudonym string) (found string, err error) {
	err = dossiers.List(ctx, s.db, dossiers.Filter{Filter: rows.Filter{Agency: r.Agency}}, func(d dossiers.Dossier) error {
		if !sc.holds(d.Dossier) {
			return nil
		}
		p, err := s.pseudonym(ctx, d.Agency, d.Dossier)
		if err == nil && p == pseudonym {
			found, err = d.Dossier, rows.ErrStop
		}
		return err
	})
	if found == "" {
		found = uuid.NewString()
	}
	return found, err
}

// pseudonym is a keyed digest of a dossier's id: the same at each export, and
// nothing to whoever does not have the agency's key.
func (s *Service) pseudonym(ctx context.Context, agency, dossier string) (string, error) {
	sum, err := s.digester.Digest(ctx, agency, pseudonymUse, []byte(dossier))
	return hex.EncodeToString(sum[:]), err
}

// logWriter turns rows of the register into entries.
type logWriter struct {
	s        *Service
	ctx      context.Context
	known    []string // agencies
	agencies map[string]*logAgency
}

// logAgency is what the entries of one agency are made with.
type logAgency struct {
	book       *regulations.Book
	traces     map[string]bool // ids of staff in the form of a trace
	recipients map[string]bool
	pseudonyms map[string]string
}

func (w *logWriter) agency(id string) (*logAgency, error) {
	if a := w.agencies[id]; a != nil {
		return a, nil
	}
	a := &logAgency{traces: map[string]bool{}, recipients: map[string]bool{}, pseudonyms: map[string]string{}}
	var err error
	if a.book, err = regulations.Load(w.ctx, w.s.db, id); err != nil {
		return nil, err
	}
	if err = people.ListStaff(w.ctx, w.s.db, id, nil, func(st people.Staff) error {
		a.traces[strings.ReplaceAll(st.Staff, "-", "")] = true
		return nil
	}); err != nil {
		return nil, err
	}
	err = people.ListRecipients(w.ctx, w.s.db, id, nil, func(rc people.Recipient) error {
		a.recipients[rc.Recipient] = true
		return nil
	})
	w.agencies[id] = a
	return a, err
}

func (w *logWriter) entry(x *access.Row) (*accesslog.Entry, error) {
	a, err := w.agency(x.Agency)
	if err != nil {
		return nil, err
	}
	e := &accesslog.Entry{
		Agency: x.Agency, Position: x.Position, Occurred: x.OccurredAt, Recorded: x.RecordedAt,
		Actor: x.Actor, Role: x.Role, OnBehalfOf: x.OnBehalfOf, Action: x.Action, Outcome: x.Outcome, Code: x.Code, Rule: x.Rule,
		Categories: x.Categories, Purpose: x.Purpose, Ground: x.Ground,
		Policies: x.Basis.Policies, Digest: x.Basis.Digest, Door: x.Basis.Door, Imported: x.Basis.Imported,
	}
	if p := a.book.On(x.Agency, nl.DateOf(x.OccurredAt)); p != nil {
		e.Profile = p.Name + "/" + strconv.Itoa(p.Version)
	}
	switch {
	case a.recipients[x.OnBehalfOf]:
		e.Processor = "urn:casefile:recipient:" + x.OnBehalfOf
	case x.OnBehalfOf != "" && slices.Contains(w.known, x.OnBehalfOf):
		e.Processor = "urn:casefile:agency:" + x.OnBehalfOf
	}
	if x.Dossier != "" {
		if e.Subject = a.pseudonyms[x.Dossier]; e.Subject == "" {
			if e.Subject, err = w.s.pseudonym(w.ctx, x.Agency, x.Dossier); err != nil {
				return nil, err
			}
			a.pseudonyms[x.Dossier] = e.Subject
		}
	}
	trace(e, x, a)
	return e, nil
}

// trace gives an entry the trace of its caller, or one made of where the look is
// on record, and a span of its own. A caller who sends the id of a member of
// staff for a trace gets one that is made: that id has no place in the lines.
func trace(e *accesslog.Entry, x *access.Row, a *logAgency) {
	place := x.Agency + "/" + strconv.FormatUint(x.Position, 10) + "/" + strconv.Itoa(x.Basis.Event)
	made := sha256.Sum256([]byte("casefile trace " + place))
	copy(e.Trace[:], made[:])
	if parts := strings.Split(x.Basis.Trace, "-"); len(parts) == 4 && !a.traces[parts[1]] {
		id, err := hex.DecodeString(parts[1])
		parent, perr := hex.DecodeString(parts[2])
		if err == nil && perr == nil && [16]byte(id) != [16]byte{} && len(parent) == len(e.Parent) {
			copy(e.Trace[:], id)
			copy(e.Parent[:], parent)
		}
	}
	own := sha256.Sum256([]byte("casefile span " + place + "/" + e.Subject))
	copy(e.Span[:], own[:])
}
