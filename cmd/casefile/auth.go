package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha1" //nolint:gosec // the form in which lists of leaked passwords come
	"encoding/hex"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/auth"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/engine"
)

// signInFlags are how people sign in to a server.
type signInFlags struct {
	BehindHTTPS  bool     `name:"behind-https" help:"People reach it by https, through a proxy: cookies then travel by https alone."`
	URL          string   `name:"url" placeholder:"URL" help:"Where people reach it, as https://casefile.example; passkeys, identity providers and links need it (default: localhost while it listens there)."`
	SecondFactor string   `name:"second-factor" enum:"required,optional," default:"" placeholder:"WHEN" help:"required or optional (default: required by https, optional otherwise)."`
	OIDC         []string `name:"oidc" sep:"none" placeholder:"AGENCY=ISSUER,CLIENT,FILE" help:"An agency's identity provider: its issuer, the client id, the file with the client secret, and after those the classes (acr) that count as a second factor."`
	Breached     string   `name:"breached-passwords" placeholder:"FILE" help:"A list of leaked passwords as SHA-1 in hex, sorted, one a line; those are refused."`
}

// options are the flags for handlers/auth. listen is the address that the server
// has, as http://localhost:port.
func (f *signInFlags) options(listen string) (o auth.Options, err error) {
	o.URL = strings.TrimSuffix(f.URL, "/")
	if o.URL == "" && !f.BehindHTTPS && strings.HasPrefix(listen, "http://localhost:") {
		o.URL = listen
	}
	o.Secure = f.BehindHTTPS || strings.HasPrefix(o.URL, "https://")
	o.Proxied = o.Secure // the program itself speaks plain HTTP
	o.SecondFactor = f.SecondFactor
	if o.SecondFactor == "" && o.Secure {
		o.SecondFactor = auth.Required
	}
	for _, text := range f.OIDC {
		p, err := parseProvider(text)
		if err != nil {
			return o, err
		}
		o.Providers = append(o.Providers, p)
	}
	if len(o.Providers) > 0 && o.URL == "" {
		return o, invalid("invalid_url", "url", "an identity provider sends people back to the server's address; give it with --url")
	}
	if f.Breached != "" {
		o.Breached, err = breachedList(f.Breached)
	}
	return o, err
}

// parseProvider reads agency=issuer,client-id,secret-file[,acr…].
func parseProvider(text string) (p auth.Provider, err error) {
	agency, rest, ok := strings.Cut(text, "=")
	parts := strings.Split(rest, ",")
	if !ok || len(parts) < 3 || !domain.ValidAgency(agency) {
		return p, invalid("invalid_oidc", "oidc", "write an identity provider as agency=https://issuer,client-id,secret-file")
	}
	secret, err := os.ReadFile(parts[2])
	if err != nil {
		return p, fileError(parts[2], err)
	}
	return auth.Provider{Agency: agency, Issuer: parts[0], ClientID: parts[1], ClientSecret: strings.TrimSpace(string(secret)), ACR: parts[3:]}, nil
}

// openAuth gives the sign-in service over an engine.
func (a *app) openAuth(e *engine.Engine) (*auth.Service, error) {
	if a.shared != nil {
		return a.shared.auth, nil
	}
	return newAuth(a.ctx, e, a.logger(), auth.Options{})
}

func newAuth(ctx context.Context, e *engine.Engine, log *slog.Logger, o auth.Options) (*auth.Service, error) {
	digest := func(agency, use, of string) []byte {
		sum, err := e.Vault.Digest(context.WithoutCancel(ctx), agency, use, []byte(of))
		if err != nil {
			// A digest of nothing matches no name and opens no secret, so nobody signs in.
			log.Error("a sign-in name could not be digested", "code", domain.AsError(err).Code)
			return nil
		}
		return sum[:]
	}
	o.DB, o.Dialect, o.Log, o.Key = e.State, e.StateDialect, log, digest
	o.Digest = func(agency, login string) []byte { return digest(agency, "login", login) }
	o.Active = e.Commands.ActiveStaff
	o.Record = func(ctx context.Context, agency, actor string, ev domain.Event) error {
		c := commands.Caller{Door: commands.DoorWeb, Agency: agency, Staff: actor}
		if actor == domain.Operator {
			c.Agency, c.Door = "", commands.DoorCLI
		}
		return e.Commands.RecordAct(ctx, c, agency, ev)
	}
	s, err := auth.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	s.OnAttempt(func(ctx context.Context, a auth.Attempt) { recordAttempt(ctx, e, log, a) })
	return s, nil
}

// recordAttempt puts an attempt on the stream: a refused one is a fact as well
// (architecture §1.3). The name of an agency that does not exist was typed by a
// stranger and goes nowhere. An attempt that cannot be recorded opens nothing by
// itself: the session is recorded before it starts, and each look before it shows
// anything.
func recordAttempt(ctx context.Context, e *engine.Engine, log *slog.Logger, a auth.Attempt) {
	if a.Staff == "" {
		known, err := e.Queries.Agencies(ctx)
		if err != nil || !slices.Contains(known, a.Agency) {
			return
		}
	}
	ev := a.SignIn
	if err := e.Commands.RecordAttempt(context.WithoutCancel(ctx), a.Agency, a.Staff, &ev); err != nil {
		log.Error("an attempt to sign in could not be recorded", "code", domain.AsError(err).Code)
	}
}

// breachedList searches a sorted file of SHA-1 digests in hex, each at the start
// of its line ("DIGEST" or "DIGEST:count"), by halving: the file stays on disk.
func breachedList(path string) (func(password string) (bool, error), error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fileError(path, err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, fileError(path, err)
	}
	size := info.Size()
	return func(password string) (bool, error) {
		sum := sha1.Sum([]byte(password)) //nolint:gosec // as above
		return searchLines(f, size, []byte(strings.ToUpper(hex.EncodeToString(sum[:]))))
	}, nil
}

// maxLine is the most bytes of a line of such a list.
const maxLine = 256

// searchLines tells whether a line of sorted text begins with key.
func searchLines(f io.ReaderAt, size int64, key []byte) (bool, error) {
	low, high := int64(0), size // the line that begins in [low, high), if any
	buf := make([]byte, 2*maxLine)
	for low < high {
		middle := low + (high-low)/2
		start := max(low, middle-maxLine)
		n, err := f.ReadAt(buf[:min(int64(len(buf)), size-start)], start)
		if err != nil && n == 0 {
			return false, err
		}
		text := buf[:n]
		// The line around the middle begins after the newline before it.
		begin := bytes.LastIndexByte(text[:min(int64(n), middle-start)], '\n') + 1
		line := text[begin:]
		end := bytes.IndexByte(line, '\n')
		if end < 0 {
			end = len(line)
		}
		have := bytes.ToUpper(bytes.TrimRight(line[:end], "\r"))
		have = have[:min(len(have), len(key))]
		switch cmp.Compare(string(have), string(key)) {
		case 0:
			return true, nil
		case -1:
			low = start + int64(begin) + int64(end) + 1
		default:
			high = start + int64(begin)
		}
	}
	return false, nil
}
