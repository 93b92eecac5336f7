package commands

import (
	"encoding/json"
	"time"
	"unicode/utf8"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/catalog"
)

// parsed is a request whose form is right.
type parsed struct {
	req    Request
	caller Caller
	spec   catalog.CommandSpec
	cmd    domain.Command
	target domain.Ref
	at     time.Time // zero: now
	digest [32]byte
}

// parse checks the form of a request: ids, names, fields, time. Everything it
// refuses has not touched the stream.
func (h *Handler) parse(c Caller, r Request) (*parsed, error) {
	p := &parsed{req: r, caller: c}
	var err error
	if p.req.ID, err = domain.ParseID("id", r.ID); err != nil {
		return nil, err
	}
	if !domain.ValidAgency(r.Agency) {
		return nil, domain.Invalid("invalid_agency", "agency", "an agency is named with 1 to 32 of a-z, 0-9 and hyphen")
	}
	if c.Agency != "" && c.Agency != r.Agency {
		return nil, &domain.Error{Kind: domain.KindNotFound, Code: "unknown_agency", Rule: "C-2.8", Field: "agency", Message: "there is no such agency here; check its code"}
	}
	if err := p.setActor(); err != nil {
		return nil, err
	}
	spec, ok := catalog.CommandOf(r.Command)
	if !ok {
		return nil, domain.Invalid("unknown_command", "command", "there is no such command; the catalogue of commands is in docs/commands.md")
	}
	p.spec = spec
	if r.At != "" {
		if p.at, err = time.Parse(time.RFC3339Nano, r.At); err != nil {
			return nil, domain.Invalid("invalid_time", "at", "a time is written as in RFC 3339, for example 2017-02-01T09:00:00+01:00")
		}
		p.at = p.at.UTC()
	}
	if len(r.Data) > 0 && !utf8.Valid(r.Data) {
		return nil, domain.Invalid("invalid_utf8", "data", "the text is not valid UTF-8; save the file as UTF-8 and send it again")
	}
	if r.Dossier != "" {
		if p.req.Dossier, err = domain.ParseID("dossier", r.Dossier); err != nil {
			return nil, err
		}
	}
	if p.cmd, err = catalog.DecodeCommand(spec, r.Data); err != nil {
		return nil, err
	}
	if p.target, err = catalog.Target(r.Agency, p.req.Dossier, p.req.Actor, p.cmd); err != nil {
		return nil, err
	}
	return p, nil
}

// setActor settles who acts. Outside an import the actor is whoever is signed
// in, so another one in the request is refused (catalogue §2).
func (p *parsed) setActor() error {
	r, c := &p.req, p.caller
	if c.Door == DoorImport || c.Door == DoorDemo {
		if r.Actor == "" {
			r.Actor = c.Staff
		}
		if r.Actor == domain.Engine { // what the engine did is its own to say
			return &domain.Error{Kind: domain.KindForbidden, Code: "not_the_actor", Rule: "C-2.7e", Field: "actor", Message: "only the program itself acts as the engine; name a member of staff, or operator"}
		}
	} else {
		if r.Actor != "" && r.Actor != c.Staff {
			return &domain.Error{Kind: domain.KindForbidden, Code: "not_the_actor", Rule: "C-2.7e", Field: "actor", Message: "the actor is whoever is signed in; leave the field out"}
		}
		r.Actor = c.Staff
	}
	if r.Actor == domain.Operator || r.Actor == domain.Engine {
		return nil
	}
	id, err := domain.ParseID("actor", r.Actor)
	if err != nil {
		return err
	}
	r.Actor = id
	return nil
}

// content is what the keyed digest of a command covers: everything that the
// sender decides on, in one canonical form.
func (p *parsed) content() ([]byte, error) {
	at := ""
	if !p.at.IsZero() {
		at = p.at.Format(time.RFC3339Nano)
	}
	return json.Marshal(struct {
		Command, Agency, Actor, At, Dossier string
		Data                                domain.Command
	}{p.spec.Name, p.req.Agency, p.req.Actor, at, p.req.Dossier, p.cmd})
}
