package verify_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore/scrub"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/verify"
)

type m = map[string]any

var operator = commands.Caller{Door: commands.DoorImport, Staff: domain.Operator}

// installation makes the smallest installation with something in it: an agency, a
// coach, a dossier with a report.
func installation(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	e, err := engine.Open(t.Context(), engine.Options{Data: filepath.Join(dir, "data"), Create: true})
	if err != nil {
		t.Fatal(err)
	}
	coach, dossier := uuid.NewString(), uuid.NewString()
	do := func(command, dossier, at string, data any) {
		raw, err := json.Marshal(data)
		if err != nil {
			t.Fatal(err)
		}
		o := e.Commands.Execute(t.Context(), operator, commands.Request{ID: uuid.NewString(), Agency: "click", Command: command, Dossier: dossier, At: at, Data: raw})
		if o.Outcome != commands.Accepted {
			t.Fatalf("%s: %+v", command, o)
		}
	}
	do("AdoptRegulation", "", "2019-01-01T00:00:00Z", m{"profile": "click-2017", "version": 1, "effective_from": "2017-01-19"})
	do("EnrolStaff", "", "2019-01-01T01:00:00Z", m{"staff": coach, "name": "Eva Coach", "login": "eva"})
	do("SignConfidentiality", "", "2019-01-01T02:00:00Z", m{"staff": coach, "signed_on": "2019-01-01", "reference": "map 1"})
	do("GrantRole", "", "2019-01-01T03:00:00Z", m{"staff": coach, "role": "coach"})
	do("OpenDossier", dossier, "2020-01-01T09:00:00Z", m{"client": m{"family_name": "Jansen", "given_names": "Anna", "birth_date": "1980-02-29"}, "service": "reintegration", "referral": "self", "standing": "none"})
	do("AddRecord", dossier, "2020-01-03T09:00:00Z", m{"record": uuid.NewString(), "category": "report", "title": "Intake", "text": "Eerste gesprek.", "source": "staff_report"})
	if err := e.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func copied(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"data", "data.keys", "data.lock"} {
		if err := os.Chmod(filepath.Join(to, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	err := filepath.WalkDir(filepath.Join(to, "data.keys"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			err = os.Chmod(path, 0o600)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

func look(t *testing.T, dir string) *scrub.Report {
	t.Helper()
	r, err := verify.Run(t.Context(), verify.Options{Data: filepath.Join(dir, "data"), Lock: filepath.Join(dir, "data.lock")})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// state is every file with its content, rights and time of change.
func state(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		var sum [32]byte
		if !d.IsDir() {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			sum = sha256.Sum256(content)
		}
		fmt.Fprintf(&b, "%s %s %s %x\n", path, info.Mode(), info.ModTime().Format(time.RFC3339Nano), sum)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// C-2.1.4d, catalogue §3: it needs no keys and writes nothing, also where it may not.
func TestItNeedsNoKeysAndWritesNothing(t *testing.T) {
	dir := copied(t, installation(t))
	if err := os.RemoveAll(filepath.Join(dir, "data.keys")); err != nil {
		t.Fatal(err)
	}
	before := state(t, dir)
	r := look(t, dir)
	if !r.Whole() || r.Commits == 0 || len(r.Checks) < 8 {
		t.Fatalf("found %v; looked at %v", r.Findings, r.Checks)
	}
	if after := state(t, dir); after != before {
		t.Fatalf("the directory changed:\n%s\n%s", before, after)
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil {
			mode := fs.FileMode(0o400)
			if d.IsDir() {
				mode = 0o500
			}
			err = os.Chmod(path, mode)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error { return os.Chmod(path, 0o700) })
	})
	before = state(t, dir)
	if r := look(t, dir); !r.Whole() {
		t.Fatalf("read-only: found %v", r.Findings)
	}
	if after := state(t, dir); after != before {
		t.Fatal("the read-only directory changed")
	}
}

// An engine at work is asked itself, and an installation that it has is not read
// past it.
func TestARunningEngineLooksItself(t *testing.T) {
	dir := installation(t)
	e, err := engine.Open(t.Context(), engine.Options{Data: filepath.Join(dir, "data"), Follow: true})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	_, err = verify.Run(t.Context(), verify.Options{Data: filepath.Join(dir, "data"), Lock: filepath.Join(dir, "data.lock")})
	if domain.AsError(err).Code != "in_use" {
		t.Fatalf("beside an engine: %v", err)
	}
	head, err := e.Store.Head(t.Context())
	if err == nil {
		err = e.Views.WaitFor(t.Context(), head)
	}
	if err != nil {
		t.Fatal(err)
	}
	r, err := e.Verify(t.Context(), nil)
	if err != nil || !r.Whole() || r.Commits != head {
		t.Fatalf("%+v, %v", r, err)
	}
	if s := e.Guard.State(); s.Scrubbed.IsZero() || s.Commits != r.Commits {
		t.Fatalf("the guard knows %+v", s)
	}
}

// T2, C-2.1.4d: what was edited in the views, the vault or their definitions is
// found and named.
func TestEditedSQLIsNamed(t *testing.T) {
	whole := installation(t)
	for name, c := range map[string]struct{ file, edit, want string }{
		"a copy of a commit":     {"views.db", "UPDATE {commits} SET payload = CAST(replace(CAST(payload AS TEXT), '\"door\":\"import\"', '\"door\":\"cli\"') AS BLOB) WHERE position = 2", "views altered 2"},
		"a copy left out":        {"views.db", "DELETE FROM {commits} WHERE position = 3", "views missing 3"},
		"a copy put in":          {"views.db", "INSERT INTO {commits} SELECT agency, kind, aggregate, version + 100, position, command_id, occurred, recorded, leaf, payload FROM {commits} WHERE position = 3", "views inserted 3"},
		"a row of a register":    {"views.db", "UPDATE {retention} SET agency = 'sol'", "views"},
		"what readers are shown": {"views.db", "DROP VIEW commits; CREATE VIEW commits AS SELECT * FROM {commits} WHERE position <> 3", "views altered 0"},
		"a trigger":              {"views.db", "CREATE TRIGGER t AFTER INSERT ON {commits} BEGIN DELETE FROM {commits} WHERE position = 1; END", "views altered 0"},
		"a key's commitment":     {"vault.db", "UPDATE root_keys SET commitment = zeroblob(32)", "vault altered"},
		"a key":                  {"vault.db", "DELETE FROM root_keys", "vault missing"},
		"key material":           {"vault.db", "DELETE FROM nodes", "vault missing"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := copied(t, whole)
			edit(t, filepath.Join(dir, "data", c.file), c.edit)
			r := look(t, dir)
			if r.Whole() {
				t.Fatal("nothing was found")
			}
			if f := r.Findings[0]; !strings.HasPrefix(fmt.Sprintf("%s %s %d", f.Part, f.Kind, f.Position), c.want) {
				t.Fatalf("found %v", r.Findings)
			}
		})
	}
}

// edit runs SQL on a file; {name} is the table behind a view.
func edit(t *testing.T, path, text string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("SELECT name FROM sqlite_master WHERE type = 'table'")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		if view, _, ok := strings.Cut(name, "_g"); ok {
			text = strings.ReplaceAll(text, "{"+view+"}", name)
		}
	}
	rows.Close()
	if _, err := db.Exec(text); err != nil {
		t.Fatal(err)
	}
}

// answers are the digests of all views as an engine has them, and the head.
func answers(ctx context.Context, e *engine.Engine) (map[string]string, error) {
	out := map[string]string{}
	for _, name := range e.Views.Names() {
		d, err := e.Views.Digest(ctx, name)
		if err != nil {
			return nil, err
		}
		out[name] = d.SHA256
	}
	head, err := e.Store.Head(ctx)
	out["head"] = fmt.Sprint(head)
	return out, err
}
