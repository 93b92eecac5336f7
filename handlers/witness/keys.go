package witness

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	cosig "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

const keyFile = "witness.key"

// key is the witness's own: Ed25519, in the form of x/mod's notes.
type key struct {
	signer *cosig.Signer
	public verify.Witness
}

// openKey gives the private key of the directory; where there is none yet, the one
// of the file given, or a new one under that name. fresh tells that it is not in
// the directory yet.
func (s *state) openKey(name, given string) (skey string, fresh bool, err error) {
	b, err := os.ReadFile(filepath.Join(s.dir, keyFile))
	fresh = errors.Is(err, fs.ErrNotExist)
	if err != nil && !fresh {
		return "", false, unusable(err)
	}
	if given == "" {
		if fresh {
			skey, err = newKey(name)
			return skey, true, err
		}
		return string(b), false, nil
	}
	own, err := os.ReadFile(given)
	if err != nil {
		return "", false, &domain.Error{Kind: domain.KindNotFound, Code: "no_file", Rule: domain.RuleForm, Cause: err, Message: "the file of the witness's key cannot be read; check --key and your rights on it"}
	}
	if !fresh && strings.TrimSpace(string(own)) != strings.TrimSpace(string(b)) {
		return "", false, lost("other_key", "the directory has another key than the one given; leave --key out, or give another --dir")
	}
	return string(own), fresh, nil
}

// ready refuses what cannot become a witness before anything is made of it, so
// that a start without a name leaves no directory behind.
func ready(o Options) error {
	if _, err := os.Lstat(filepath.Join(o.Dir, keyFile)); !errors.Is(err, fs.ErrNotExist) {
		return nil // it is one already, or openKey tells what is wrong with it
	}
	skey, _, err := (&state{dir: o.Dir}).openKey(o.Name, o.Key)
	if err == nil {
		_, err = parseKey(skey)
	}
	return err
}

// keep stores a key that is new in the directory, once its state is there.
func (s *state) keep(k string) error {
	_, err := writeDurably(filepath.Join(s.dir, keyFile), []byte(strings.TrimSpace(k)+"\n"))
	return err
}

func newKey(name string) (string, error) {
	if name == "" {
		return "", domain.Invalid("no_name", "name", "a new witness needs a name, as auditor.example/casefile: agencies and readers of evidence know it by that; give it with --name")
	}
	skey, _, err := note.GenerateKey(rand.Reader, name)
	if err == nil {
		_, err = parseKey(skey)
	}
	if err != nil {
		return "", domain.Invalid("no_name", "name", "a witness's name has no spaces and no plus sign")
	}
	return skey, nil
}

// parseKey reads PRIVATE+KEY+<name>+<hash>+<type and seed>.
func parseKey(skey string) (k key, err error) {
	bad := &domain.Error{Kind: domain.KindInvalid, Code: "unknown_key", Rule: domain.RuleForm, Message: "that file holds no private Ed25519 key of a witness; it is one line that begins with PRIVATE+KEY+"}
	skey = strings.TrimSpace(skey)
	p := strings.SplitN(skey, "+", 5)
	if len(p) != 5 {
		return k, bad
	}
	raw, err := base64.StdEncoding.DecodeString(p[4])
	if err != nil || len(raw) != 1+ed25519.SeedSize {
		return k, bad
	}
	if k.signer, err = cosig.NewSignerForCosignatureV1(skey); err != nil {
		return k, bad
	}
	vkey, err := note.NewEd25519VerifierKey(p[2], ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey))
	if err == nil {
		k.public, err = verify.ParseWitness(vkey)
	}
	if err != nil {
		return k, bad
	}
	return k, nil
}

// Logs are the logs that a witness knows: the keys that it trusts, by origin.
type Logs map[string][]note.Verifier

// ParseLogs reads a list of logs. A line is a log's public key in the form of
// C2SP signed-note, whose name is the log's origin, or such a key and the origin
// that it signs under: casefile's ledger.pub with casefile/STORE/AGENCY behind it.
// Empty lines, and lines that begin with #, are passed over.
func ParseLogs(text string) (Logs, error) {
	out := Logs{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		p := strings.Fields(line)
		if len(p) == 0 || strings.HasPrefix(p[0], "#") {
			continue
		}
		v, err := logKey(p)
		if err != nil || len(p) > 2 {
			return nil, domain.Invalid("unknown_log", "logs", fmt.Sprintf("line %d of the list of logs is no public key of a log, nor one with an origin behind it", n))
		}
		out[v.Name()] = append(out[v.Name()], v)
	}
	return out, nil
}

func logKey(p []string) (note.Verifier, error) {
	v, err := note.NewVerifier(p[0])
	if err != nil || len(p) == 1 || p[1] == v.Name() {
		return v, err
	}
	parts := strings.SplitN(p[0], "+", 3)
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(raw) != 1+ed25519.PublicKeySize {
		return nil, errors.New("witness: no Ed25519 key")
	}
	vkey, err := note.NewEd25519VerifierKey(p[1], ed25519.PublicKey(raw[1:]))
	if err != nil {
		return nil, err
	}
	return note.NewVerifier(vkey)
}
