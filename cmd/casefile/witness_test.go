package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"os"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/mod/sumdb/note"

	"github.com/casefile-engine/casefile/eventstore/ledger/bundle"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
	"github.com/casefile-engine/casefile/internal/testkit/tsa"
)

// logs BUNDLE FILE: a list of logs with the one of the bundle.
func cmdLogs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: logs BUNDLE FILE")
	}
	b, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	files, err := bundle.Unpack(b)
	ts.Check(err)
	for _, f := range files {
		if f.Name == "keys/log.vkey" {
			ts.Check(os.WriteFile(ts.MkAbs(args[1]), append([]byte("# the agency's\n"), f.Data...), 0o600))
			return
		}
	}
	ts.Fatalf("%s has no key of a log", args[0])
}

// publickey FILE VARIABLE: the public key of a witness's private one.
func cmdPublicKey(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: publickey FILE VARIABLE")
	}
	p := strings.SplitN(strings.TrimSpace(ts.ReadFile(args[0])), "+", 5)
	raw, err := base64.StdEncoding.DecodeString(p[4])
	ts.Check(err)
	vkey, err := note.NewEd25519VerifierKey(p[2], ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey))
	ts.Check(err)
	w, err := verify.ParseWitness(vkey)
	ts.Check(err)
	ts.Setenv(args[1], w.Text)
}

// timestamps VARIABLE FILE: a time-stamping authority, its address in the variable
// and its root certificate in the file.
func cmdTimestamps(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: timestamps VARIABLE FILE")
	}
	dir := ts.MkAbs("tsa")
	ts.Check(os.MkdirAll(dir, 0o700))
	a, err := tsa.Start(dir, true)
	ts.Check(err)
	ts.Defer(a.Close)
	b, err := os.ReadFile(a.Roots)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b, 0o600))
	ts.Setenv(args[0], a.URL)
}

// inbundle BUNDLE END OUT: a copy with a byte changed in the last file whose name
// ends so.
func cmdInBundle(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: inbundle BUNDLE END OUT")
	}
	b, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	files, err := bundle.Unpack(b)
	ts.Check(err)
	found := false
	for i := len(files) - 1; i >= 0 && !found; i-- {
		if found = strings.HasSuffix(files[i].Name, args[1]); found {
			files[i].Data = bytes.Clone(files[i].Data)
			files[i].Data[len(files[i].Data)-10] ^= 1
		}
	}
	if !found {
		ts.Fatalf("%s has no file that ends with %s", args[0], args[1])
	}
	var out bytes.Buffer
	ts.Check(bundle.Pack(&out, files))
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), out.Bytes(), 0o600))
}

// caughtup WITNESS: the doctor tells, within some minutes, that it is not behind.
func cmdCaughtUp(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: caughtup WITNESS")
	}
	for range 600 {
		_ = ts.Exec("casefile", "doctor") // its exit code is told by what it prints
		for line := range strings.Lines(ts.ReadFile("stdout")) {
			if strings.HasPrefix(line, "ok") && strings.Contains(line, "witness "+args[0]+" of") && strings.Contains(line, ", 0 behind") {
				return
			}
		}
		time.Sleep(500 * time.Millisecond)
	}
	ts.Fatalf("%s does not catch up", args[0])
}
