// Package static holds the stylesheet and the two small scripts, and serves
// them under names with their digest, so that a browser keeps them for ever
// and never uses an old one.
package static

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strings"
)

//go:embed casefile.css casefile.js passkey.js icon.svg
var files embed.FS

var types = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

// Assets knows the files by name.
type Assets struct {
	urls   map[string]string // name → address
	bodies map[string][]byte // last part of the address → content
}

// Load reads the files.
func Load() (*Assets, error) {
	a := &Assets{urls: map[string]string{}, bodies: map[string][]byte{}}
	list, err := files.ReadDir(".")
	if err != nil {
		return nil, err
	}
	for _, f := range list {
		body, err := files.ReadFile(f.Name())
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(body)
		ext := path.Ext(f.Name())
		name := strings.TrimSuffix(f.Name(), ext) + "." + hex.EncodeToString(sum[:6]) + ext
		a.urls[f.Name()], a.bodies[name] = "/static/"+name, body
	}
	return a, nil
}

// URL is the address of a file.
func (a *Assets) URL(name string) string { return a.urls[name] }

// ServeHTTP serves /static/{name}.
func (a *Assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	body, ok := a.bodies[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", types[path.Ext(name)])
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Write(body) //nolint:errcheck // nobody is left to tell
}
