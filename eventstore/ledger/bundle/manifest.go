package bundle

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// The files that vouch for all others.
const (
	nameManifest = "manifest.sha256"
	nameNote     = "manifest.note"
	nameKey      = "keys/log.vkey"
)

// ManifestHeader begins what is signed.
const ManifestHeader = "casefile evidence bundle v1\n"

// ManifestText is what a log's key signs of a bundle. Its first line is no
// origin of a log, and its second no size, so that it can never be taken for a
// checkpoint.
//
//	casefile evidence bundle v1
//	<origin of the log>
//	sha256 <digest of manifest.sha256, hex>
func ManifestText(origin string, manifest []byte) string {
	sum := sha256.Sum256(manifest)
	return fmt.Sprintf(ManifestHeader+"%s\nsha256 %s\n", origin, hex.EncodeToString(sum[:]))
}

// Seal gives all files of a bundle in their order: those given, which it sorts,
// and the manifest with its signature. sign signs a text with the log's key.
func Seal(files []File, origin string, sign func(text string) ([]byte, error)) ([]File, error) {
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	m := manifest(files)
	signed, err := sign(ManifestText(origin, m))
	if err != nil {
		return nil, err
	}
	files = append(files, File{nameManifest, m}, File{nameNote, signed})
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return files, nil
}

// manifest lists the digests of files, those that vouch left out.
func manifest(files []File) []byte {
	var b []byte
	for _, f := range files {
		if f.Name == nameManifest || f.Name == nameNote {
			continue
		}
		sum := sha256.Sum256(f.Data)
		b = hex.AppendEncode(b, sum[:])
		b = append(append(append(b, "  "...), f.Name...), '\n')
	}
	return b
}

// checkManifest checks that the manifest lists exactly these files, and that the
// log's key signed it.
func checkManifest(files []File, byName map[string][]byte, v note.Verifier) error {
	if !bytes.Equal(manifest(files), byName[nameManifest]) {
		return refuse(CodeAltered, firstAltered(files, byName[nameManifest]))
	}
	signed := byName[nameNote]
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil || n.Text != ManifestText(v.Name(), byName[nameManifest]) {
		return refuse(CodeSignature, nameNote)
	}
	// One form of the signature: base64 has more texts for the same bytes.
	if len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 0 {
		return refuse(CodeSignature, nameNote)
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(n.Sigs[0].Base64)
	line := fmt.Sprintf("%s\n— %s %s\n", n.Text, n.Sigs[0].Name, base64.StdEncoding.EncodeToString(raw))
	if err != nil || line != string(signed) {
		return refuse(CodeSignature, nameNote)
	}
	return nil
}

// firstAltered names the first file that differs from its line of the manifest.
func firstAltered(files []File, m []byte) string {
	lines := map[string]bool{}
	for l := range strings.SplitSeq(string(m), "\n") {
		lines[l] = true
	}
	for _, f := range files {
		if l := string(manifest([]File{f})); l != "" && !lines[strings.TrimSuffix(l, "\n")] {
			return f.Name
		}
	}
	return nameManifest
}

// Key is a log's public key.
type Key struct {
	Text     string // C2SP signed-note: <name>+<hash>+<key>
	Name     string // the origin of the log
	Public   ed25519.PublicKey
	verifier note.Verifier
}

// ParseKey reads a public key in the form of C2SP signed-note, with or without a
// line feed behind it.
func ParseKey(text string) (Key, error) {
	text = strings.TrimSpace(text)
	v, err := note.NewVerifier(text)
	if err != nil {
		return Key{}, refuse(CodeKey, "")
	}
	p := strings.SplitN(text, "+", 3)
	raw, err := base64.StdEncoding.Strict().DecodeString(p[2])
	if err != nil || len(raw) != 1+ed25519.PublicKeySize || raw[0] != 1 {
		return Key{}, refuse(CodeKey, "")
	}
	return Key{text, v.Name(), raw[1:], v}, nil
}

// Fingerprint is the SHA-256 of the 32 bytes of the key, in hex: the same for all
// agencies of one store, and short enough to read to somebody.
func (k Key) Fingerprint() string {
	sum := sha256.Sum256(k.Public)
	return hex.EncodeToString(sum[:])
}

// Trusts tells whether k, which somebody got by another way, vouches for the log
// of bundled: it is the same key under the name of the log, or of its store.
func (k Key) Trusts(bundled Key) bool {
	return bytes.Equal(k.Public, bundled.Public) && (k.Name == bundled.Name || strings.HasPrefix(bundled.Name, k.Name+"/"))
}
