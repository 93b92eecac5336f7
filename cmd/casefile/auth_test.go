package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/auth"
)

// C-0c: a list of leaked passwords is searched by halving and finds what is in
// it, at both ends too, and nothing else.
func TestBreachedList(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list")
	// SHA-1 of "password", and two others around it.
	text := "00000000A8DAE4228F821FB418F59826079BF368:5\r\n5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:12345\r\nFFFFFFFEE791CBAC0F6305CAF0CEE06BBE131160:2\r\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	known, err := breachedList(path)
	if err != nil {
		t.Fatal(err)
	}
	for password, want := range map[string]bool{"password": true, "zeven groene fietsen": false, "": false} {
		if got, err := known(password); err != nil || got != want {
			t.Errorf("%q: %v, %v", password, got, err)
		}
	}
	if _, err := breachedList(path + "x"); err == nil {
		t.Error("a list that is not there")
	}
}

func TestSearchLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfNDistinct(rapid.StringMatching(`[0-9A-F]{4}`), 0, 200, rapid.ID).Draw(t, "lines")
		slices.Sort(lines)
		tail := rapid.SampledFrom([]string{"\n", ":1\r\n", ":123456789\n"}).Draw(t, "tail")
		var b strings.Builder
		for _, l := range lines {
			b.WriteString(l + tail)
		}
		text := b.String()
		if rapid.Bool().Draw(t, "last line without an end") {
			text = strings.TrimSuffix(text, "\n")
		}
		for _, key := range append(slices.Clone(lines), "0000", "8000", "FFFF") {
			got, err := searchLines(bytes.NewReader([]byte(text)), int64(len(text)), []byte(key))
			if _, want := slices.BinarySearch(lines, key); err != nil || got != want {
				t.Fatalf("%s in %q: %v, %v", key, text, got, err)
			}
		}
	})
}

// The flags of serve for signing in.
func TestSignInFlags(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("geheim\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		flags  signInFlags
		listen string
		code   string
		check  func(o auth.Options) bool
	}{
		"localhost": {signInFlags{}, "http://localhost:8080", "", func(o auth.Options) bool {
			return o.URL == "http://localhost:8080" && !o.Secure && o.SecondFactor == ""
		}},
		"a number": {signInFlags{}, "http://192.0.2.1:8080", "", func(o auth.Options) bool { return o.URL == "" }},
		"https": {signInFlags{URL: "https://casefile.example/"}, "http://localhost:8080", "", func(o auth.Options) bool {
			return o.Secure && o.SecondFactor == auth.Required && o.URL == "https://casefile.example"
		}},
		"a proxy": {signInFlags{BehindHTTPS: true}, "http://localhost:8080", "", func(o auth.Options) bool {
			return o.Secure && o.Proxied && o.SecondFactor == auth.Required && o.URL == ""
		}},
		"optional by https": {signInFlags{BehindHTTPS: true, SecondFactor: auth.Optional}, "http://localhost:8080", "", func(o auth.Options) bool { return o.SecondFactor == auth.Optional }},
		"a provider": {signInFlags{OIDC: []string{"click=https://id.example,casefile," + secret + ",urn:hoog"}}, "http://localhost:8080", "", func(o auth.Options) bool {
			p := o.Providers[0]
			return p.Agency == "click" && p.Issuer == "https://id.example" && p.ClientID == "casefile" && p.ClientSecret == "geheim" && slices.Equal(p.ACR, []string{"urn:hoog"})
		}},
		"a provider without an address":   {signInFlags{BehindHTTPS: true, OIDC: []string{"click=https://id.example,casefile," + secret}}, "http://localhost:8080", "invalid_url", nil},
		"a provider of another form":      {signInFlags{OIDC: []string{"https://id.example"}}, "http://localhost:8080", "invalid_oidc", nil},
		"a provider whose file is absent": {signInFlags{OIDC: []string{"click=https://id.example,casefile," + secret + "x"}}, "http://localhost:8080", "no_file", nil},
	} {
		o, err := c.flags.options(c.listen)
		if (err != nil) != (c.check == nil) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err != nil {
			if e := domain.AsError(err); c.code != "no_file" && e.Code != c.code {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if !c.check(o) {
			t.Errorf("%s: %+v", name, o)
		}
	}
}
