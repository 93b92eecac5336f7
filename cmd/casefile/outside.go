package main

import (
	"crypto/x509"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/outside"
)

// outsideFlags say who outside vouches for the ledger's checkpoints. Each value
// may hold several, with spaces between them, as a variable does.
type outsideFlags struct {
	Witnesses   []string      `name:"witness-at" sep:"none" placeholder:"AGENCY=URL,KEY" help:"A witness of an agency's log: its address, and its public key or a file with it. May be given again."`
	Authorities []string      `name:"timestamp-at" sep:"none" placeholder:"AGENCY=URL[,FILE]" help:"The time-stamping authority (RFC 3161) of an agency's log, and a file with the root certificates that its own has to lead to."`
	StampEvery  time.Duration `name:"timestamp-every" default:"1h" placeholder:"DURATION" help:"How often a log that goes on is time-stamped at most (default ${default})."`
}

// options adds them to those of the engine.
func (f *outsideFlags) options(o *engine.Options) error {
	for _, text := range fields(f.Witnesses) {
		w, err := parseWitness(text)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(o.Witnesses, func(x outside.Witness) bool { return x.Agency == w.Agency && x.Key.Name == w.Key.Name }) {
			return invalid("invalid_witness", "witness-at", "an agency has two witnesses of one name; each has a name of its own")
		}
		o.Witnesses = append(o.Witnesses, w)
	}
	for _, text := range fields(f.Authorities) {
		x, err := parseAuthority(text)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(o.Authorities, func(y outside.Authority) bool { return y.Agency == x.Agency }) {
			return invalid("invalid_timestamp", "timestamp-at", "an agency has two time-stamping authorities; give one")
		}
		o.Authorities = append(o.Authorities, x)
	}
	o.StampEvery = f.StampEvery
	return nil
}

func fields(list []string) (out []string) {
	for _, text := range list {
		out = append(out, strings.Fields(text)...)
	}
	return out
}

// parseWitness reads agency=url,key.
func parseWitness(text string) (w outside.Witness, err error) {
	agency, rest, ok := strings.Cut(text, "=")
	address, key, ok2 := strings.Cut(rest, ",")
	if !ok || !ok2 || !domain.ValidAgency(agency) || !webAddress(address) {
		return w, invalid("invalid_witness", "witness-at", "write a witness as agency=https://address,public-key; its operator has both")
	}
	k, err := witnessKey(key, func(name string) ([]byte, error) { return os.ReadFile(name) })
	return outside.Witness{Agency: agency, URL: address, Key: k}, err
}

// parseAuthority reads agency=url[,roots].
func parseAuthority(text string) (x outside.Authority, err error) {
	agency, rest, ok := strings.Cut(text, "=")
	address, roots, rooted := strings.Cut(rest, ",")
	if !ok || !domain.ValidAgency(agency) || !webAddress(address) {
		return x, invalid("invalid_timestamp", "timestamp-at", "write a time-stamping authority as agency=https://address, and behind a comma the file of its root certificates")
	}
	x = outside.Authority{Agency: agency, URL: address}
	if rooted {
		b, err := os.ReadFile(roots)
		if err != nil {
			return x, fileError(roots, err)
		}
		x.Roots, err = certificates(b, "timestamp-at")
		return x, err
	}
	return x, nil
}

func webAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
}

// witnessKey reads a witness's public key: the text of it, or of the file that is
// named.
func witnessKey(text string, read func(name string) ([]byte, error)) (verify.Witness, error) {
	w, err := verify.ParseWitness(text)
	if err == nil {
		return w, nil
	}
	b, ferr := read(text)
	if ferr != nil && strings.Contains(text, "+") {
		return w, invalid("unknown_witness", "witness", "that is no public key of a witness; it is one line, name+hash+key, which casefile witness prints")
	}
	if ferr != nil {
		return w, fileError(text, ferr)
	}
	if w, err = verify.ParseWitness(string(b)); err != nil {
		return w, invalid("unknown_witness", "witness", fmt.Sprintf("%s holds no public key of a witness; it is one line, name+hash+key, which casefile witness prints", text))
	}
	return w, nil
}

// certificates reads roots in PEM.
func certificates(b []byte, flag string) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(b) {
		return nil, invalid("unknown_roots", flag, "the file holds no certificates; they begin with -----BEGIN CERTIFICATE-----")
	}
	return pool, nil
}

// outside tells who vouches for the ledger.
func (x *examination) outside(e *engine.Engine) {
	for _, s := range e.Outside.States() {
		check := "time stamps of " + s.Agency
		if s.Name != "" {
			check = "witness " + s.Name + " of " + s.Agency
		}
		switch {
		case s.Alarm:
			x.add(check, bad, "%s", s.Problem)
		case s.Problem != "":
			x.add(check, warning, "%s; it vouched for %d commits, %d behind. It is tried again", s.Problem, s.Size, s.Behind)
		case s.Size == 0:
			x.add(check, good, "nothing vouched for yet")
		default:
			x.add(check, good, "vouched for %d commits at %s, %d behind", s.Size, stamp(s.At), s.Behind)
		}
	}
}
