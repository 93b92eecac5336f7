package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/casefile-engine/casefile/internal/testkit/ports"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"casefile": func() { os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// TestScripts drives the real program by scripts that read as a session at the
// command line.
func TestScripts(t *testing.T) {
	example, err := filepath.Abs("../../docs/examples/receipt.yaml")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireUniqueNames: true, RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			names := []string{"PORT", "METRICS_PORT", "PORT2", "PORT3"}
			free, err := ports.Free(len(names))
			if err != nil {
				return err
			}
			for i, name := range names {
				e.Setenv(name, strconv.Itoa(free[i]))
			}
			e.Setenv("RECEIPT_YAML", example)
			e.Setenv("CASEFILE_DATA", filepath.Join(e.WorkDir, "data"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": cmdCode, "lines": cmdLines, "fromfile": cmdFromFile, "await": cmdAwait, "nowhere": cmdNowhere, "manycases": cmdManyCases, "longline": cmdLongLine,
			"collector": cmdCollector, "field": cmdField, "spoil": cmdSpoil, "rows": cmdRows, "awaithttp": cmdAwaitHTTP, "changed": cmdChanged, "agekey": cmdAgeKey,
			"logs": cmdLogs, "publickey": cmdPublicKey, "timestamps": cmdTimestamps, "inbundle": cmdInBundle, "caughtup": cmdCaughtUp,
		},
	})
}

// code N program args…: the program ends with that exit code.
func cmdCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N program args…")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit code %d, want %s", got, args[0])
	}
}

// lines FILE N: the file (or stdout) has so many lines.
func cmdLines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: lines FILE N")
	}
	if n := strings.Count(ts.ReadFile(args[0]), "\n"); strconv.Itoa(n) != args[1] {
		ts.Fatalf("%s has %d lines, want %s", args[0], n, args[1])
	}
}

// spoil FILE N: byte N of the file becomes another one.
func cmdSpoil(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: spoil FILE N")
	}
	name := args[0]
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	b, err := os.ReadFile(ts.MkAbs(name))
	ts.Check(err)
	b[n] ^= 1
	ts.Check(os.WriteFile(ts.MkAbs(name), b, 0o600))
}

// await FILE TEXT: the file holds the text, within a minute.
func cmdAwait(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await FILE TEXT")
	}
	for range 600 {
		b, _ := os.ReadFile(ts.MkAbs(args[0]))
		if bytes.Contains(b, []byte(args[1])) {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	ts.Fatalf("%s does not come to hold %q", args[0], args[1])
}

// awaithttp URL: the address answers with 200, within a minute.
func cmdAwaitHTTP(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: awaithttp URL")
	}
	for range 600 {
		if resp, err := http.Get(args[0]); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	ts.Fatalf("%s does not answer", args[0])
}

// nowhere DIR TEXT…: no file under the directory holds one of the texts (T8).
func cmdNowhere(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: nowhere DIR TEXT…")
	}
	seen := 0
	err := filepath.WalkDir(ts.MkAbs(args[0]), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		seen++
		for _, text := range args[1:] {
			if bytes.Contains(b, []byte(text)) || strings.Contains(path, text) {
				ts.Fatalf("%s holds %q in the clear", path, text)
			}
		}
		return nil
	})
	ts.Check(err)
	if seen == 0 {
		ts.Fatalf("there is no file under %s", args[0])
	}
}

// manycases FILE N: a table in the form of receipt.csv with N cases of three
// rows, those of a case far apart.
func cmdManyCases(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: manycases FILE N")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	var b bytes.Buffer
	b.WriteString("case:channel,case:concept:name,case:deadline,case:department,case:enddate,case:enddate_planned,case:group,case:responsible,case:startdate,concept:instance,concept:name,lifecycle:transition,org:group,org:resource,time:timestamp\n")
	for step := range 3 {
		for c := range n {
			fmt.Fprintf(&b, "Post,geval-%d,,General,,2012-01-01 00:00:00+01:00,,Vera Behandelaar,2011-03-01 09:00:00+01:00,taak-%d-%d,Geheime stap %d,complete,Groep,Karel Collega %d,2011-03-%02d 10:00:00+01:00\n",
				c, c, step, step, c%7, 2+step)
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o600))
}

// longline FILE MEGABYTES: appends a line of that size.
func cmdLongLine(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: longline FILE MEGABYTES")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_WRONLY, 0o600)
	ts.Check(err)
	mega := bytes.Repeat([]byte("x"), 1<<20)
	for range n {
		_, err = f.Write(mega)
		ts.Check(err)
	}
	_, err = f.WriteString("\n{\"id\":\"")
	ts.Check(err)
	ts.Check(f.Close())
}

// field VAR NAME: sets a variable to the first value of a field in the JSON of
// the last standard output.
func cmdField(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: field VAR NAME")
	}
	_, rest, ok := strings.Cut(ts.ReadFile("stdout"), `"`+args[1]+`":"`)
	value, _, closed := strings.Cut(rest, `"`)
	if !ok || !closed {
		ts.Fatalf("standard output has no field %s", args[1])
	}
	ts.Setenv(args[0], value)
}

// cmdFromFile puts what a file holds in a variable.
func cmdFromFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: fromfile VARIABLE FILE")
	}
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile(args[1])))
}
