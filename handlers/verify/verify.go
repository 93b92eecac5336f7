// Package verify looks over a whole installation and says, commit by commit and
// file by file, what is not as it must be (catalogue §3, `casefile verify`). It
// needs no keys and writes nothing in any of the three directories, so it works on
// a read-only copy.
package verify

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/blocks"
	"github.com/casefile-engine/casefile/eventstore/embedded"
	"github.com/casefile-engine/casefile/eventstore/jetstream"
	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/eventstore/scrub"
	"github.com/casefile-engine/casefile/eventstore/seal/vault"
	"github.com/casefile-engine/casefile/projections/commits"
	"github.com/casefile-engine/casefile/projections/readdb"

	// The SQLite driver of database/sql.
	_ "modernc.org/sqlite"
)

// Options say what is looked over.
type Options struct {
	// Data and Lock are the directories.
	Data, Lock string
	// Keys is the directory of the file ledger.key, by which commits that no
	// checkpoint covers are known to be the store's own; it need not be there.
	Keys string
	// Live is the engine that has them; nil: nobody has.
	Live *Live
	// built has the views of the same stream built a second time already; for tests
	// that look over many copies of it.
	built *readdb.DB
	// Progress hears which part is being looked over, and how far it is.
	Progress func(part string, done, head uint64)
}

// Live are the parts of a running engine.
type Live struct {
	Store    eventstore.Store
	Embedded bool // the stream's files are in the data directory
	Lock     ledger.Lock
	DB       *readdb.DB
	Vault    *vault.Vault
	State    *sql.DB
	SQLite   bool // vault and credentials are files
}

// run is one looking over.
type run struct {
	o       Options
	r       *scrub.Report
	scratch string // made when it is needed
	views   *readdb.DB
	keys    map[string]announced
	stream  *blocks.Stream
	head    uint64
	closers []func() error
}

// announced is a key as the stream tells of it.
type announced struct {
	agency     string
	position   uint64
	owner      string
	class      domain.Class
	commitment string
}

// Run looks everything over. Its error tells why it could not: domain codes
// "no_store", "in_use", "directory_unusable". What is wrong with the installation
// is in the report.
func Run(ctx context.Context, o Options) (_ *scrub.Report, err error) {
	v := &run{o: o, keys: map[string]announced{}}
	defer func() { err = errors.Join(err, v.close()) }()
	if o.Live == nil {
		if err := v.hold(); err != nil {
			return nil, err
		}
	}
	ids, err := v.storeIDs()
	if err != nil {
		return nil, err
	}
	viewsErr := v.openViews(ctx)
	if err := v.scrub(ctx, ids); err != nil {
		return nil, unusable(err)
	}
	for _, f := range ids.wrong {
		v.r.Add(f)
	}
	v.r.Looked("binding", "store id of data and lock", 2, "")
	if err := v.compareViews(ctx, viewsErr); err != nil {
		return nil, unusable(err)
	}
	if err := v.vault(ctx); err != nil {
		return nil, unusable(err)
	}
	if err := v.credentials(ctx); err != nil {
		return nil, unusable(err)
	}
	return v.r, nil
}

func unusable(err error) error {
	if errors.Is(err, context.Canceled) || domain.AsError(err).Code != "internal" {
		return err
	}
	return &domain.Error{Kind: domain.KindUnavailable, Code: "directory_unusable", Rule: "C-2.1.4d", Cause: err,
		Message: "the data directory or its lock cannot be read through; check the paths, your rights, the disk, and the room for temporary files"}
}

func (v *run) close() error {
	var errs []error
	for i := len(v.closers) - 1; i >= 0; i-- {
		errs = append(errs, v.closers[i]())
	}
	return errors.Join(errs...)
}

// hold makes sure that no engine has the directory, nor gets it meanwhile.
func (v *run) hold() error {
	if _, err := os.Stat(filepath.Join(v.o.Data, "store-id")); errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(filepath.Join(v.o.Data, "stream")); err != nil {
			return &domain.Error{Kind: domain.KindNotFound, Code: "no_store", Rule: "C-2.1.4d", Message: "there is no casefile data at that place; check --data"}
		}
	}
	f, err := os.Open(filepath.Join(v.o.Data, "in-use"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a copy may lack it
	}
	if err != nil {
		return unusable(err)
	}
	v.closers = append(v.closers, f.Close)
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); err == nil || !errors.Is(err, syscall.EWOULDBLOCK) {
		return nil // a file system without locks has no engine either
	}
	return &domain.Error{Kind: domain.KindConflict, Code: "in_use", Rule: "C-2.1.4d", Message: "another casefile has this data directory open and cannot be reached; stop it first"}
}

// ids are the store ids that bind the directories.
type ids struct {
	data, lock string
	wrong      []scrub.Finding
}

func (v *run) storeIDs() (x ids, err error) {
	read := func(dir, part string) (string, error) {
		b, err := os.ReadFile(filepath.Join(dir, "store-id"))
		if errors.Is(err, fs.ErrNotExist) {
			x.wrong = append(x.wrong, scrub.Finding{Kind: scrub.Missing, Part: part, Message: "the store id is not there, so it cannot be told whether data and lock belong together", File: "store-id"})
			return "", nil
		}
		id := strings.TrimSuffix(string(b), "\n")
		if u, perr := uuid.Parse(id); err == nil && (perr != nil || u.String() != id) {
			x.wrong = append(x.wrong, scrub.Finding{Kind: scrub.Damaged, Part: part, Message: "the store id is none; it is the same in data, keys and lock", File: "store-id"})
		}
		return id, err
	}
	if x.data, err = read(v.o.Data, "binding"); err != nil {
		return x, unusable(err)
	}
	if x.lock, err = read(v.o.Lock, "lock"); err != nil {
		return x, unusable(err)
	}
	if len(x.wrong) == 0 && x.data != x.lock {
		x.wrong = append(x.wrong, scrub.Finding{Kind: scrub.Altered, Part: "binding", Message: "data and lock have different store ids: they belong to two stores, or one was damaged", File: "store-id"})
	}
	return x, nil
}

// scrub looks over stream, journal, ledger and lock.
func (v *run) scrub(ctx context.Context, x ids) error {
	o := scrub.Options{Commit: v.announce, Lookup: v.lookup, Progress: func(done, head uint64) { v.tell("stream", done, head) }}
	var lock ledger.Lock = ledger.NewFileLock(filepath.Join(v.o.Lock, "ledger"))
	live := v.o.Live
	if live != nil {
		o.Store, lock = live.Store, live.Lock
	}
	id := x.data
	if id == "" {
		id = x.lock
	}
	if live == nil || live.Embedded {
		journal, err := embedded.ReadJournal(filepath.Join(v.o.Lock, "tail"))
		if err != nil {
			return err
		}
		o.Journal = &journal
		o.Stream, err = blocks.Open(filepath.Join(v.o.Data, "stream"), jetstream.StreamName)
		if errors.Is(err, fs.ErrNotExist) {
			o.Stream = nil
			return v.noStream(journal)
		}
		if err != nil {
			return err
		}
		v.stream = o.Stream
	}
	books, err := ledger.OpenBooks(ctx, filepath.Join(v.o.Data, "ledger"), id, lock)
	if err != nil {
		return err
	}
	books.Running = live != nil
	books.TakeKey(v.o.Keys)
	o.Books = books
	if live != nil { // after journal and lock, which say less than it then
		if o.Journal != nil && o.Journal.Position == 0 { // the first commits may have come since
			var journal embedded.Journal
			if journal, o.Head, err = scrub.Acknowledged(ctx, live.Store, filepath.Join(v.o.Lock, "tail")); err != nil {
				return err
			}
			o.Journal = &journal
		} else if o.Head, err = scrub.HeadAfter(ctx, live.Store, o.Journal); err != nil {
			return err
		}
	}
	if v.r, err = scrub.Run(ctx, o); err != nil {
		return err
	}
	v.head = v.r.Position
	return nil
}

// noStream is the report on data without a stream.
func (v *run) noStream(j embedded.Journal) error {
	v.r = &scrub.Report{}
	if j.Position > 0 {
		v.r.Add(scrub.Finding{Kind: scrub.Missing, Part: "stream", Position: 1, Until: j.Position, Message: "the whole stream is gone, and commits were acknowledged"})
	}
	v.r.Looked("stream", "the server's files", 0, "there is no stream")
	return nil
}

func (v *run) tell(part string, done, head uint64) {
	if v.o.Progress != nil {
		v.o.Progress(part, done, head)
	}
}

// announce takes note of the keys that a commit is the first to use.
func (v *run) announce(c *eventstore.Commit) {
	for _, k := range c.Envelope.Data.Keys {
		if _, twice := v.keys[k.ID]; !twice {
			v.keys[k.ID] = announced{c.Envelope.Agency, c.Position, k.Owner, k.Class, k.Commitment}
		}
	}
}

// lookup finds a commit in the view of commits.
func (v *run) lookup(ctx context.Context, agency string, position uint64) *eventstore.Commit {
	if v.views == nil {
		return nil
	}
	e, ok, err := commits.At(ctx, v.views, agency, position)
	if err != nil || !ok {
		return nil
	}
	c, err := e.Checked()
	if err != nil {
		return nil
	}
	return c
}

// temporary gives a folder for temporary files, removed at the end.
func (v *run) temporary() (string, error) {
	if v.scratch != "" {
		return v.scratch, nil
	}
	dir, err := os.MkdirTemp("", "casefile-verify-")
	if err != nil {
		return "", err
	}
	v.scratch = dir
	v.closers = append(v.closers, func() error { return os.RemoveAll(dir) })
	return dir, nil
}

// settled gives a path at which a SQLite file can be read without a log. Where a
// crash left one, it is folded into a temporary copy: the file itself stays as it
// is. fs.ErrNotExist when there is no file.
func (v *run) settled(path string) (string, error) {
	if _, err := os.Stat(path); err != nil {
		return "", err
	}
	log, err := os.Stat(path + "-wal")
	if err != nil || log.Size() == 0 {
		return path, nil
	}
	dir, err := v.temporary()
	if err != nil {
		return "", err
	}
	to := filepath.Join(dir, filepath.Base(path))
	for _, end := range []string{"", "-wal"} {
		if err := copyFile(path+end, to+end); err != nil {
			return "", err
		}
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: to}).String())
	if err != nil {
		return "", err
	}
	// What keeps the log from being folded in is found by the check of the file.
	_, _ = db.Exec("PRAGMA wal_checkpoint(TRUNCATE)")
	return to, db.Close()
}

func copyFile(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = dst.ReadFrom(src)
	return errors.Join(err, dst.Close())
}

// sqliteFile opens a SQLite file for reading: with nobody else at it, as it is.
func (v *run) sqliteFile(name string) (*sql.DB, error) {
	path, err := v.settled(filepath.Join(v.o.Data, name))
	if err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: abs}).String()+"?mode=ro&immutable=1&_pragma=query_only(1)")
	if err == nil {
		v.closers = append(v.closers, db.Close)
	}
	return db, err
}

// integrity is SQLite's own check of a file; it gives a finding when it finds something.
func (v *run) integrity(ctx context.Context, db *sql.DB, part, file string) bool {
	var verdict string
	err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict)
	if err != nil {
		verdict = err.Error()
	}
	if verdict != "ok" {
		v.r.Add(scrub.Finding{Kind: scrub.Damaged, Part: part, Message: "SQLite finds its file damaged: " + firstLine(verdict), File: file})
	}
	return verdict == "ok"
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

// vault compares the vault's tables with the keys that the stream tells of.
func (v *run) vault(ctx context.Context) error {
	v.tell("vault", 0, 0)
	inspect := func(f func(vault.Record) error) error { return v.o.Live.Vault.Inspect(ctx, f) }
	if v.o.Live == nil {
		db, err := v.sqliteFile("vault.db")
		if errors.Is(err, fs.ErrNotExist) {
			if v.head > 0 {
				v.r.Add(scrub.Finding{Kind: scrub.Missing, Part: "vault", Message: "the vault is not there, and the stream has commits: nothing personal can be opened", File: "vault.db"})
			}
			v.r.Looked("vault", "its file", 0, "")
			return nil
		}
		if err != nil {
			return err
		}
		if !v.integrity(ctx, db, "vault", "vault.db") {
			v.r.Looked("vault", "its file", 1, "")
			return nil
		}
		inspect = func(f func(vault.Record) error) error { return vault.Inspect(ctx, db, f) }
	}
	seen := map[string]bool{}
	err := inspect(func(r vault.Record) error {
		seen[r.ID] = true
		k, told := v.keys[r.ID]
		who := scrub.Commit{Agency: r.Agency}
		switch {
		case !told:
		case r.Status != vault.Intact && r.Status != vault.Punctured && r.Status != vault.Destroyed:
			v.r.Add(scrub.Finding{Kind: scrub.Damaged, Part: "vault", Position: k.position, Commit: who, Message: "key " + r.ID + " is neither intact nor punctured nor destroyed"})
		case k.agency != r.Agency || k.owner != r.Owner || string(k.class) != r.Class || k.commitment != r.Commitment:
			v.r.Add(scrub.Finding{Kind: scrub.Altered, Part: "vault", Position: k.position, Commit: who, Message: "key " + r.ID + " is described otherwise than by the commit that was the first to use it"})
		case r.Status == vault.Intact && r.Nodes == 0:
			v.r.Add(scrub.Finding{Kind: scrub.Missing, Part: "vault", Position: k.position, Commit: who, Message: "key " + r.ID + " is called intact and has no key material"})
		case r.Status == vault.Destroyed && r.Nodes > 0:
			v.r.Add(scrub.Finding{Kind: scrub.Altered, Part: "vault", Position: k.position, Commit: who, Message: "key " + r.ID + " is called destroyed and still has key material"})
		}
		return nil
	})
	if err != nil {
		v.r.Add(scrub.Finding{Kind: scrub.Damaged, Part: "vault", Message: "its tables cannot be read: " + firstLine(err.Error()), File: "vault.db"})
	}
	for id, k := range v.keys {
		if err == nil && !seen[id] {
			v.r.Add(scrub.Finding{Kind: scrub.Missing, Part: "vault", Position: k.position, Commit: scrub.Commit{Agency: k.agency}, Message: "key " + id + ", which this commit was the first to use, is not in the vault: an older copy of it was put back, or it was damaged"})
		}
	}
	v.r.Looked("vault", "keys that the stream tells of: scope and commitment", uint64(len(v.keys)), "whether each key opens needs the keys: casefile doctor")
	return nil
}

// credentials looks at the database of passwords and sessions.
func (v *run) credentials(ctx context.Context) error {
	v.tell("credentials", 0, 0)
	if v.o.Live != nil {
		if v.o.Live.SQLite {
			v.integrity(ctx, v.o.Live.State, "credentials", "state.db")
			v.r.Looked("credentials", "SQLite's check of the file", 1, "")
		}
		return nil
	}
	db, err := v.sqliteFile("state.db")
	if errors.Is(err, fs.ErrNotExist) {
		v.r.Looked("credentials", "its file", 0, "there is none: nobody can sign in")
		return nil
	}
	if err != nil {
		return err
	}
	v.integrity(ctx, db, "credentials", "state.db")
	v.r.Looked("credentials", "SQLite's check of the file", 1, fmt.Sprintf("rights are on the stream; %s holds who may sign in, and the search index", "state.db"))
	return nil
}
