package engine_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/casefile-engine/casefile/eventstore/ledger/bundle"
	"github.com/casefile-engine/casefile/handlers/evidence"
)

// An implementation that is not ours (transparency-dev/merkle for RFC 6962, the
// note's signature by crypto/ed25519 alone) reads each part of a bundle as its
// format says, accepts it, and refuses it with any byte changed.
func TestAnotherImplementationAcceptsTheParts(t *testing.T) {
	w := listing(t)
	files := map[string][]byte{}
	for _, f := range must(bundle.Unpack(evidenceOf(t, w.Engine, evidence.Request{Dossier: w.dossier}))) {
		files[f.Name] = f.Data
	}
	key := strings.TrimSpace(string(files["keys/log.vkey"]))
	n, lists := 0, 0
	for name, b := range files {
		switch {
		case strings.HasSuffix(name, ".list"):
			line := files[strings.TrimSuffix(name, ".list")+".json"]
			if err := foreignEntry(b, line, w.dossier); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			everyByte(t, name, b, func(b []byte) error { return foreignEntry(b, line, w.dossier) })
			lists++
		case strings.HasSuffix(name, ".tlog-proof"):
			entry := files[strings.TrimSuffix(name, ".tlog-proof")+".json"]
			if err := foreignProof(b, entry, key); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if n++; n > 3 {
				continue // every byte of a few
			}
			everyByte(t, name, b, func(b []byte) error { return foreignProof(b, entry, key) })
			everyByte(t, name+"'s entry", entry, func(entry []byte) error { return foreignProof(b, entry, key) })
		case strings.HasSuffix(name, ".checkpoint"):
			if _, _, err := foreignNote(b, key); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			everyByte(t, name, b, func(b []byte) error { _, _, err := foreignNote(b, key); return err })
		case strings.HasSuffix(name, ".add-checkpoint"):
			var older int64
			if _, err := fmt.Sscanf(name, "checkpoints/%d-", &older); err != nil {
				t.Fatal(err)
			}
			from := files[bundle.CheckpointName(older)]
			if err := foreignConsistency(b, from, key); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			everyByte(t, name, b, func(b []byte) error { return foreignConsistency(b, from, key) })
		}
	}
	if n < 8 || lists < 4 {
		t.Fatalf("only %d proofs, and %d entries of lists", n, lists)
	}
}

func everyByte(t *testing.T, what string, b []byte, check func([]byte) error) {
	t.Helper()
	for i := range b {
		c := bytes.Clone(b)
		c[i] ^= 1
		if check(c) == nil {
			t.Fatalf("%s: byte %d can be changed", what, i)
		}
	}
}

// foreignNote opens a C2SP signed-note, and gives size and root of the checkpoint.
func foreignNote(b []byte, key string) (size uint64, root []byte, err error) {
	text, signature, ok := strings.Cut(string(b), "\n\n")
	text += "\n"
	parts := strings.SplitN(key, "+", 3)
	public := must(base64.StdEncoding.DecodeString(parts[2]))
	rest, named := strings.CutPrefix(signature, "— "+parts[0]+" ")
	raw, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSuffix(rest, "\n"))
	if err != nil || !ok || !named || len(raw) != 4+ed25519.SignatureSize || !strings.HasSuffix(rest, "\n") {
		return 0, nil, errors.New("no signature")
	}
	hash := sha256.Sum256([]byte(parts[0] + "\n" + string(public)))
	if !bytes.Equal(raw[:4], hash[:4]) || !ed25519.Verify(public[1:], []byte(text), raw[4:]) {
		return 0, nil, errors.New("bad signature")
	}
	lines := strings.Split(text, "\n")
	if size, err = strconv.ParseUint(lines[1], 10, 64); err != nil || lines[0] != parts[0] {
		return 0, nil, errors.New("no checkpoint")
	}
	root, err = base64.StdEncoding.DecodeString(lines[2])
	return size, root, err
}

// foreignParts splits a C2SP tlog-proof or add-checkpoint body.
func foreignParts(b []byte, first string) (n uint64, hashes [][]byte, note []byte, err error) {
	head, rest, ok := bytes.Cut(b, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if strings.HasPrefix(first, "c2sp") {
		if lines[0] != first {
			return 0, nil, nil, errors.New("another format")
		}
		lines, first = lines[1:], "index"
	}
	number, is := strings.CutPrefix(lines[0], first+" ")
	if n, err = strconv.ParseUint(number, 10, 64); err != nil || !ok || !is {
		return 0, nil, nil, errors.New("no number")
	}
	for _, l := range lines[1:] {
		h, err := base64.StdEncoding.Strict().DecodeString(l)
		if err != nil {
			return 0, nil, nil, err
		}
		hashes = append(hashes, h)
	}
	return n, hashes, rest, nil
}

func foreignProof(b, entry []byte, key string) error {
	index, hashes, signed, err := foreignParts(b, "c2sp.org/tlog-proof@v1")
	if err != nil {
		return err
	}
	size, root, err := foreignNote(signed, key)
	if err != nil {
		return err
	}
	return proof.VerifyInclusion(rfc6962.DefaultHasher, index, size, rfc6962.DefaultHasher.HashLeaf(entry), hashes, root)
}

// foreignEntry checks that an entry of the list of a clear line names a dossier,
// by what docs and docstrings say of the form: RFC 6962, with the record salt ‖ entry.
func foreignEntry(b, line []byte, dossier string) error {
	var commit struct {
		Data struct {
			Events []struct {
				Data struct {
					List struct {
						Count uint64 `json:"count"`
						Root  string `json:"root"`
					} `json:"list"`
				} `json:"data"`
			} `json:"events"`
		} `json:"data"`
	}
	if err := json.Unmarshal(line, &commit); err != nil {
		return err
	}
	rest, ok := strings.CutPrefix(string(b), "casefile list entries v1\n\nevent 0\nindex ")
	lines := strings.Split(rest, "\n")
	if !ok || len(lines) < 4 || lines[len(lines)-1] != "" || lines[1] != "entry +"+dossier && lines[1] != "entry "+dossier {
		return errors.New("another form, or another dossier")
	}
	index, err := strconv.ParseUint(lines[0], 10, 64)
	if err != nil {
		return err
	}
	var hashes [][]byte // the salt, and the proof
	for i, l := range lines[2 : len(lines)-1] {
		if text, is := strings.CutPrefix(l, "salt "); is != (i == 0) {
			return errors.New("no salt")
		} else if is {
			l = text
		}
		h, err := base64.StdEncoding.Strict().DecodeString(l)
		if err != nil {
			return err
		}
		hashes = append(hashes, h)
	}
	list := commit.Data.Events[0].Data.List
	leaf := rfc6962.DefaultHasher.HashLeaf(append(hashes[0], strings.TrimPrefix(lines[1], "entry ")...))
	return proof.VerifyInclusion(rfc6962.DefaultHasher, index, list.Count, leaf, hashes[1:], must(hex.DecodeString(list.Root)))
}

func foreignConsistency(b, older []byte, key string) error {
	old, hashes, signed, err := foreignParts(b, "old")
	if err != nil {
		return err
	}
	size, root, err := foreignNote(signed, key)
	if err != nil {
		return err
	}
	oldSize, oldRoot, err := foreignNote(older, key)
	if err != nil || oldSize != old {
		return errors.New("another checkpoint")
	}
	return proof.VerifyConsistency(rfc6962.DefaultHasher, old, size, hashes, oldRoot, root)
}
