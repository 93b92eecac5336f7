package engine_test

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats-server/v2/server"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/seal"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/engine"
)

// T8: a marker in every personal field of every command, and in all that people
// type at the doors, is found sealed and nowhere else: not in the raw files, a
// dump of the database, the cluster's files and its monitoring, the metrics,
// the log, or the outcome of any command.
func TestT8NothingPersonalInTheClear(t *testing.T) {
	t.Run("one machine", func(t *testing.T) {
		dir, log := t.TempDir(), &output{}
		e := openWith(t, engine.Options{Data: filepath.Join(dir, "data"), Create: true, Follow: true, Index: true, Log: log.logger()})
		l := newLife(t, e, log)
		l.live()
		l.nowhere("the installation while it runs", l.files(dir))
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		l.nowhere("the installation at rest", l.files(dir))
		l.nowhere("the log", log.all())
	})
	t.Run("cluster and PostgreSQL", func(t *testing.T) {
		dir, log, p := t.TempDir(), &output{}, newPlace(t)
		p.log = log.logger()
		e := p.instance(t, dir, true)
		l := newLife(t, e, log)
		l.live()
		l.nowhere("the directories of the instance", l.files(dir))
		l.nowhere("a dump of PostgreSQL", l.dump(p.pg))
		for _, n := range p.cluster.Nodes {
			l.nowhere("the files of the cluster", l.files(n.StoreDir()))
			l.nowhere("the monitoring of the cluster", l.monitoring(n))
		}
		l.nowhere("the log", log.all())
	})
}

// output is a log in memory, at the level of debugging.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(o, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (o *output) all() map[string][]byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	return map[string][]byte{"log": bytes.Clone(o.b.Bytes())}
}

// life lives the steps and remembers their markers.
type life struct {
	*testing.T
	e      *engine.Engine
	log    *output
	sealed map[string]string // markers that stand sealed somewhere: what they are in
	typed  map[string]string // markers that were typed and refused
}

const hostileMarker, doorMarker = "zqhostilemark", "zqdoormark"

func newLife(t *testing.T, e *engine.Engine, log *output) *life {
	return &life{T: t, e: e, log: log, sealed: map[string]string{}, typed: map[string]string{hostileMarker: "what was wrong in a command", doorMarker: "what was typed at a door"}}
}

var bracketed = regexp.MustCompile(`‹([^›]*)›`)

// mark puts the markers into a step's data.
func (l *life) mark(s step, into map[string]string) string {
	return bracketed.ReplaceAllStringFunc(s.data, func(m string) string {
		word := "zq" + strings.ReplaceAll(strings.Trim(m, "‹›"), " ", "") + "mark"
		into[word] = s.command
		return word
	})
}

// live lives the whole life, and then all that is wrong with it.
func (l *life) live() {
	l.Helper()
	for _, v := range []string{markBSN, markBSN2, markIBAN, markIBAN2, markBirth} {
		l.sealed[v] = "particulars"
	}
	given := map[string][]string{}
	for i, s := range slices.Concat(steps, byTheEngine) {
		s.data = l.mark(s, l.sealed)
		given[s.command] = append(given[s.command], s.data)
		caller := operator
		if i >= len(steps) {
			caller = commands.Caller{Door: commands.DoorEngine, Agency: "click", Staff: domain.Engine}
		}
		if out := l.give(caller, s); out.Outcome != commands.Accepted {
			l.Fatalf("%s: %+v", s.command, out)
		}
	}
	for i, s := range slices.Concat(refusedOnRecord, refusedHere) {
		s.data = l.mark(s, l.typed)
		given[s.command] = append(given[s.command], s.data)
		if out := l.give(operator, s); out.Outcome != commands.Refused || (out.Position == 0) != (i >= len(refusedOnRecord)) {
			l.Errorf("%s was to be refused: %+v", s.command, out)
		}
	}
	l.everyText(given)
	l.doors()
	l.wrong()
	shows(l.T, l.e, head(l.T, l.e))
	l.allSealed()
	oneEach(l.T, l.e.Store)
}

// give gives a command; views that are slow on a machine with much else to do are
// waited for.
func (l *life) give(c commands.Caller, s step) (out commands.Outcome) {
	for deadline := time.Now().Add(2 * time.Minute); ; {
		if out = l.once(c, s); out.Code != "views_behind" || time.Now().After(deadline) {
			return out
		}
	}
}

func (l *life) once(c commands.Caller, s step) commands.Outcome {
	return l.e.Commands.Execute(l.Context(), c, commands.Request{
		ID: cmp.Or(ids[s.command], uuid.NewString()), Agency: "click", Command: s.command, Dossier: s.dossier, Actor: actors[s.command], At: s.at, Data: json.RawMessage(s.data)})
}

// wrong gives every command with everything in it wrong in turn. What is then
// accepted is text, which must be sealed; what is refused repeats nothing.
func (l *life) wrong() {
	l.Helper()
	var rs []commands.Request
	for _, s := range slices.Concat(steps, byTheEngine, refusedHere) {
		s.data = bracketed.ReplaceAllString(s.data, "goed")
		for _, data := range hostile(s, hostileMarker) {
			rs = append(rs, commands.Request{ID: uuid.NewString(), Agency: "click", Command: s.command, Dossier: s.dossier, Data: json.RawMessage(data)})
		}
		for _, r := range []commands.Request{
			{ID: hostileMarker}, {Agency: hostileMarker + " B.V."}, {Actor: hostileMarker}, {At: hostileMarker}, {Dossier: hostileMarker}, {Command: hostileMarker},
			{Data: json.RawMessage(`{"` + hostileMarker)}, {Data: json.RawMessage(`"` + hostileMarker + "\xff\"")}, {Data: json.RawMessage(`["` + hostileMarker + `"]`)},
		} {
			whole := commands.Request{ID: uuid.NewString(), Agency: "click", Command: s.command, Dossier: s.dossier, Data: json.RawMessage(s.data)}
			overlay(&whole, r)
			rs = append(rs, whole)
		}
	}
	for part := range slices.Chunk(rs, 200) {
		outcomes := l.e.Commands.ExecuteWindow(l.Context(), operator, part)
		for i, out := range outcomes {
			if out.Kind == domain.KindInternal {
				l.Errorf("%s %s: %+v", part[i].Command, part[i].Data, out)
			}
			l.says(part[i].Command, out)
		}
	}
	r := rs[0]
	for _, out := range []commands.Outcome{l.e.Commands.Execute(l.Context(), operator, r), l.e.Commands.Execute(l.Context(), operator, commands.Request{ID: hostileMarker})} {
		l.says(r.Command, out)
	}
}

func overlay(to *commands.Request, from commands.Request) {
	v, w := reflect.ValueOf(to).Elem(), reflect.ValueOf(from)
	for i := range v.NumField() {
		if !w.Field(i).IsZero() {
			v.Field(i).Set(w.Field(i))
		}
	}
}

// says asks that an outcome repeats nothing.
func (l *life) says(what string, out commands.Outcome) {
	l.Helper()
	b, err := json.Marshal(out)
	if err != nil {
		l.Fatal(err)
	}
	if bytes.Contains(b, []byte("zq")) {
		l.Errorf("the outcome of %s repeats what was sent: %s", what, b)
	}
}

// everyText asks that each command of the catalogue was given, and each of its
// fields that can hold text held a marker, an id or a closed code.
func (l *life) everyText(given map[string][]string) {
	l.Helper()
	words := clearWords()
	for name, spec := range specs() {
		if given[name] == nil {
			l.Errorf("%s has no step: give it one in which each text holds a marker", name)
			continue
		}
		for _, path := range texts(reflect.TypeOf(spec.New()), nil) {
			field := name + "." + strings.Join(path, ".")
			if bare[field] != "" {
				continue
			}
			var values []string
			for _, data := range given[name] {
				values = append(values, at(l.T, data, path)...)
			}
			if len(values) == 0 {
				l.Errorf("%s is given in no step", field)
			}
			for _, v := range values {
				_, err := domain.ParseID("", v)
				if l.sealed[v]+l.typed[v] == "" && err != nil && !slices.Contains(words, v) {
					l.Errorf("%s holds neither a marker nor an id nor a closed code: %q", field, v)
				}
			}
		}
	}
}

// texts are the paths of a command's fields that can hold text.
func texts(typ reflect.Type, path []string) (out [][]string) {
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	switch {
	case typ == reflect.TypeFor[json.RawMessage](), typ.Kind() == reflect.Map, typ.Kind() == reflect.String:
		return [][]string{slices.Clone(path)}
	case typ.Kind() == reflect.Slice:
		return texts(typ.Elem(), path)
	case typ.Kind() != reflect.Struct || !strings.Contains(typ.PkgPath(), "/domain") || strings.HasSuffix(typ.PkgPath(), "/nl") || typ.Name() == "Moment":
		return nil
	}
	for f := range typ.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous {
			out = append(out, texts(f.Type, path)...)
		} else if name != "" && name != "-" {
			out = append(out, texts(f.Type, append(slices.Clone(path), name))...)
		}
	}
	return out
}

// at gives all texts at a path of a JSON object, keys of free objects included.
func at(t *testing.T, data string, path []string) (out []string) {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(data), &v); err != nil {
		t.Fatal(err)
	}
	var leaves func(v any)
	leaves = func(v any) {
		switch v := v.(type) {
		case string:
			out = append(out, v)
		case []any:
			for _, x := range v {
				leaves(x)
			}
		case map[string]any:
			for _, x := range v {
				leaves(x)
			}
		}
	}
	var down func(v any, path []string)
	down = func(v any, path []string) {
		if list, ok := v.([]any); ok && len(path) > 0 {
			for _, x := range list {
				down(x, path)
			}
			return
		}
		if len(path) == 0 {
			leaves(v)
		} else if m, ok := v.(map[string]any); ok {
			down(m[path[0]], path[1:])
		}
	}
	down(v, path)
	return out
}

// allSealed opens every section of the stream under one recorded look and asks
// that every marker stands in one of them: what was planted is there, sealed.
func (l *life) allSealed() {
	l.Helper()
	ev := &access.Recorded{Action: "export", Outcome: access.Allowed, Purpose: "audit", Ground: "role"}
	ev.Categories = slices.Concat(domain.Categories, []domain.Category{domain.CatFile, domain.CatInvoiceName, domain.CatStaff, domain.CatRecipient})
	owners := map[string]bool{}
	var all []*eventstore.Commit
	err := l.e.Store.ReadAll(l.Context(), 0, func(c *eventstore.Commit) error {
		all = append(all, c)
		for _, x := range c.Envelope.Data.Events {
			for _, s := range x.Sections {
				if !s.IsList() {
					owners[s.Owner] = true
				}
			}
		}
		return nil
	})
	if err != nil {
		l.Fatal(err)
	}
	ev.Owners = slices.Sorted(maps.Keys(owners))
	ack, _, err := l.e.Commands.RecordAccess(l.Context(), operator, "click", commands.Basis{Purpose: "audit", Ground: "role"}, ev)
	if err != nil {
		l.Fatal(err)
	}
	var text bytes.Buffer
	for _, c := range all {
		n := 0
		for i, x := range c.Envelope.Data.Events {
			for _, s := range x.Sections {
				if s.IsList() { // ids alone, and nothing sealed
					n++
					continue
				}
				b, err := l.e.Vault.Open(l.Context(), ack, seal.Sealed{Ciphertext: c.Sealed[n], Place: seal.Place{
					Scope: seal.Scope{Agency: c.Envelope.Agency, Owner: s.Owner, Class: s.Class}, Key: s.Key, Event: x.ID, Type: x.Type, Schema: x.Schema,
					Category: s.Category, Version: c.Envelope.Version, Index: i}})
				if err != nil {
					l.Fatalf("%s of %s, owner %s: %v", s.Category, x.Type, s.Owner, err)
				}
				n++
				text.Write(b)
			}
		}
	}
	for word, what := range l.sealed {
		if !bytes.Contains(text.Bytes(), []byte(word)) {
			l.Errorf("%q of %s stands in no sealed section", word, what)
		}
	}
	for word, what := range l.typed {
		if word != hostileMarker && l.sealed[word] == "" && bytes.Contains(text.Bytes(), []byte(word)) {
			l.Errorf("%q (%s) was stored, sealed, and was not to be", word, what)
		}
	}
}

// forms are the ways in which a text can stand in a file without being read at
// a glance: as it is, in hexadecimal, and in base64 at each of its three offsets.
func forms(word string) [][]byte {
	out := [][]byte{[]byte(word), []byte(hex.EncodeToString([]byte(word)))}
	for i := range 3 {
		b := base64.StdEncoding.EncodeToString(append(bytes.Repeat([]byte("x"), i), word...))
		out = append(out, []byte(strings.ToLower(strings.TrimRight(b, "=")[(i*8+5)/6:len(b)-4])))
	}
	var wide []byte
	for _, c := range []byte(word) {
		wide = append(wide, c, 0)
	}
	return append(out, wide)
}

// nowhere asks that no marker stands in any of the contents, in any form and
// any case.
func (l *life) nowhere(where string, contents map[string][]byte) {
	l.Helper()
	if len(contents) == 0 {
		l.Errorf("%s: there is nothing to look at", where)
	}
	for name, content := range contents {
		low := lower(content)
		for _, words := range []map[string]string{l.sealed, l.typed} {
			for word, what := range words {
				for _, form := range forms(strings.ToLower(word)) {
					if i := bytes.Index(low, form); i >= 0 {
						l.Errorf("%s: %s holds %q of %s in the clear: …%.200q…", where, name, word, what, content[max(0, i-60):min(len(content), i+100)])
					}
				}
			}
		}
	}
}

// lower is content with A to Z in lower case and every other byte as it was.
func lower(content []byte) []byte {
	out := bytes.Clone(content)
	for i, c := range out {
		if 'A' <= c && c <= 'Z' {
			out[i] = c + 'a' - 'A'
		}
	}
	return out
}

// files reads all files under a directory, and takes their names along.
func (l *life) files(dir string) map[string][]byte {
	l.Helper()
	out := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		out[path] = append(b, path...)
		return err
	})
	if err != nil {
		l.Fatal(err)
	}
	return out
}

// dump is all of a PostgreSQL database as text.
func (l *life) dump(address string) map[string][]byte {
	l.Helper()
	bin, err := exec.LookPath("pg_dump")
	if err != nil {
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_dump")
		if len(found) == 0 {
			l.Fatal("pg_dump is not here; install PostgreSQL's client, on Debian with: apt-get install postgresql-client")
		}
		bin = found[len(found)-1]
	}
	var fault bytes.Buffer
	cmd := exec.CommandContext(l.Context(), bin, "--dbname", address)
	cmd.Stderr = &fault
	b, err := cmd.Output()
	if err != nil || !bytes.Contains(b, []byte("casefile_vault")) || !bytes.Contains(b, []byte("casefile_views")) || !bytes.Contains(b, []byte("casefile_state")) {
		l.Fatalf("pg_dump: %v %s (%d bytes)", err, &fault, len(b))
	}
	return map[string][]byte{"dump": b}
}

// monitoring is what a server of the cluster tells those who watch it.
func (l *life) monitoring(s *server.Server) map[string][]byte {
	l.Helper()
	out := map[string][]byte{}
	keep := func(name string, v any, err error) {
		b, merr := json.Marshal(v)
		if err != nil || merr != nil {
			l.Fatalf("%s: %v %v", name, err, merr)
		}
		out[name] = b
	}
	varz, err := s.Varz(nil)
	keep("varz", varz, err)
	connz, err := s.Connz(&server.ConnzOptions{Subscriptions: true, SubscriptionsDetail: true})
	keep("connz", connz, err)
	subsz, err := s.Subsz(&server.SubszOptions{Subscriptions: true, Limit: 10_000})
	keep("subsz", subsz, err)
	jsz, err := s.Jsz(&server.JSzOptions{Accounts: true, Streams: true, Consumer: true, Config: true, RaftGroups: true})
	keep("jsz", jsz, err)
	return out
}
