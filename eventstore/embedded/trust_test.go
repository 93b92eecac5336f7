package embedded

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/storetest"
)

// childDir names the directory on which the test binary, started again as a
// child, appends until it is killed.
const childDir = "CASEFILE_TEST_CHILD_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		appendUntilKilled(dir)
	}
	os.Exit(m.Run())
}

// appendUntilKilled appends from eight callers and reports each
// acknowledgement on the standard output, after it.
func appendUntilKilled(dir string) {
	s, err := Open(context.Background(), Options{Dir: filepath.Join(dir, "stream"), TailJournal: filepath.Join(dir, "lock", "tail")})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var mu sync.Mutex
	for range 8 {
		go func() {
			n := storetest.Next{Ref: storetest.Dossier()}
			for {
				a, err := s.Append(context.Background(), n.Pending(500))
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				n = n.After(a)
				mu.Lock()
				fmt.Printf("%d %s\n", a.Position, a.Leaf)
				mu.Unlock()
			}
		}()
	}
	select {}
}

// TestNothingAcknowledgedIsLostByKill: T1. CASEFILE_KILL_CYCLES=300 is the
// number of the target; a test run does a few dozen.
func TestNothingAcknowledgedIsLostByKill(t *testing.T) {
	cycles := 24
	if s := os.Getenv("CASEFILE_KILL_CYCLES"); s != "" {
		var err error
		if cycles, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	acked := map[uint64]string{}
	for cycle := range cycles {
		killOnce(t, dir, acked)
		if cycle%8 == 7 || cycle == cycles-1 {
			s := openIn(t, dir)
			checkAll(t, s, acked)
			s.Close()
		}
	}
	t.Logf("%d kills, %d commits acknowledged", cycles, len(acked))
}

// killOnce lets a child append on dir for a moment and kills it.
func killOnce(t *testing.T, dir string, acked map[uint64]string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), exe)
	child.Env = append(os.Environ(), childDir+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	var kill *time.Timer
	for {
		line, err := lines.ReadString('\n')
		if err != nil { // also for a line that the kill cut short
			if !errors.Is(err, io.EOF) && !errors.Is(err, os.ErrClosed) {
				t.Error(err)
			}
			break
		}
		if kill == nil {
			kill = time.AfterFunc(time.Duration(rand.IntN(120))*time.Millisecond, func() { _ = child.Process.Kill() })
		}
		pos, leaf, _ := strings.Cut(strings.TrimSpace(line), " ")
		n, err := strconv.ParseUint(pos, 10, 64)
		if err != nil {
			t.Fatalf("the child said %q", line)
		}
		if _, twice := acked[n]; twice {
			t.Fatalf("position %d was given out twice", n)
		}
		acked[n] = leaf
	}
	if err := child.Wait(); err == nil || kill == nil {
		t.Fatalf("the child ended by itself: %v", err)
	}
}

// checkAll checks that everything acknowledged is there, in order and once,
// that each chain is unbroken, and that the store takes more.
func checkAll(t *testing.T, s *Store, acked map[uint64]string) {
	t.Helper()
	if st := s.Status(t.Context()); st.ReadOnly {
		t.Fatalf("read-only: %s", st.Reason)
	}
	seen := readChecked(t, s, acked)
	if seen != len(acked) {
		t.Fatalf("%d of %d acknowledged commits are there", seen, len(acked))
	}
	n := storetest.Next{Ref: storetest.Dossier()}
	a, err := s.Append(t.Context(), n.Pending(10))
	if err != nil {
		t.Fatal(err)
	}
	if _, twice := acked[a.Position]; twice {
		t.Fatalf("position %d was given out twice", a.Position)
	}
	acked[a.Position] = a.Leaf.String()
}

// readChecked reads the stream and gives the number of acknowledged commits.
func readChecked(t *testing.T, s *Store, acked map[uint64]string) int {
	t.Helper()
	seen, last := 0, uint64(0)
	chain := map[domain.Ref]uint64{}
	err := s.ReadAll(t.Context(), 0, func(c *eventstore.Commit) error {
		if c.Position <= last {
			t.Errorf("position %d after %d", c.Position, last)
		}
		last = c.Position
		if leaf, ok := acked[c.Position]; ok {
			seen++
			if leaf != eventstore.LeafHash(c.Clear).String() {
				t.Errorf("position %d is other than acknowledged", c.Position)
			}
		}
		ref := c.Envelope.Ref()
		if c.Envelope.PrevPosition != chain[ref] {
			t.Errorf("position %d follows %d, not %d", c.Position, c.Envelope.PrevPosition, chain[ref])
		}
		chain[ref] = c.Position
		return c.Verify()
	})
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

// power remembers what has reached the disk, as the store's hook tells it.
type power struct {
	mu     sync.Mutex
	synced map[string]int64
	dirs   map[string]bool // blocks whose directory entry has
}

func (p *power) note(path string, size int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if size < 0 {
		for f := range p.synced {
			p.dirs[f] = true
		}
		return
	}
	p.synced[path] = max(p.synced[path], size)
}

// start takes what the store has synced as a whole when it was opened.
func (p *power) start(t *testing.T, dir string) {
	t.Helper()
	blks, err := filepath.Glob(filepath.Join(streamDir(dir, "CASEFILE"), "msgs", "*.blk"))
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range blks {
		st, err := os.Stat(b)
		if err != nil {
			t.Fatal(err)
		}
		p.note(b, st.Size())
		p.dirs[b] = true
	}
}

// cut copies dir as a loss of power could leave it: of the blocks what was
// synced, and of the rest of a block and of the files that may be lost as
// chance has it.
func (p *power) cut(t *testing.T, dir, to string, rnd *rand.Rand) {
	t.Helper()
	p.mu.Lock()
	synced, dirs := map[string]int64{}, map[string]bool{}
	for f, n := range p.synced {
		synced[f], dirs[f] = n, p.dirs[f]
	}
	p.mu.Unlock()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if d.IsDir() {
			return os.MkdirAll(target, 0o700)
		}
		data, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if strings.HasSuffix(path, ".blk") && strings.Contains(path, "/CASEFILE/") {
			if !dirs[path] {
				return nil // its name never reached the disk
			}
			data = torn(data, int(synced[path]), rnd)
		} else if !strings.HasPrefix(d.Name(), "meta.") && rnd.IntN(2) == 0 {
			return nil
		}
		return os.WriteFile(target, data, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// torn keeps the first n bytes and loses what comes after, or leaves parts of
// it, or zeros in its place.
func torn(data []byte, n int, rnd *rand.Rand) []byte {
	rest := append([]byte(nil), data[n:]...)
	data = data[:n:n]
	if len(rest) == 0 {
		return data
	}
	switch rnd.IntN(3) {
	case 0:
		return data
	case 1:
		return append(data, rest[:rnd.IntN(len(rest))]...)
	}
	clear(rest[:rnd.IntN(len(rest))])
	return append(data, rest...)
}

// TestNothingAcknowledgedIsLostByPowerCuts: T1. Whenever the power goes, what
// the store has synced by then holds every commit that it has acknowledged.
func TestNothingAcknowledgedIsLostByPowerCuts(t *testing.T) {
	for cut := range 12 {
		t.Run(fmt.Sprint(cut), func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(7, uint64(cut)))
			dir := t.TempDir()
			p := &power{synced: map[string]int64{}, dirs: map[string]bool{}}
			s := openIn(t, dir, func(o *Options) { o.synced = p.note; o.StrictJournal = cut%2 == 0 })
			defer s.Close()
			p.start(t, filepath.Join(dir, "stream"))
			var mu sync.Mutex
			acked := map[uint64]string{}
			ctx, stop := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			for range 8 {
				size := 100 + rnd.IntN(20000) // so that some cuts fall around a new block
				wg.Go(func() {
					n := storetest.Next{Ref: storetest.Dossier()}
					for ctx.Err() == nil {
						a, err := s.Append(ctx, n.Pending(size))
						if err != nil {
							return
						}
						n = n.After(a)
						mu.Lock()
						acked[a.Position] = a.Leaf.String()
						mu.Unlock()
					}
				})
			}
			time.Sleep(time.Duration(50+rnd.IntN(600)) * time.Millisecond)
			// The order matters: what is looked at later may only have more.
			after := t.TempDir()
			mu.Lock()
			known := map[uint64]string{}
			for k, v := range acked {
				known[k] = v
			}
			mu.Unlock()
			if err := os.CopyFS(filepath.Join(after, "lock"), os.DirFS(filepath.Join(dir, "lock"))); err != nil {
				t.Fatal(err)
			}
			p.cut(t, filepath.Join(dir, "stream"), filepath.Join(after, "stream"), rnd)
			stop()
			wg.Wait()
			again := openIn(t, after)
			checkAll(t, again, known)
			if err := again.Close(); err != nil {
				t.Fatal(err)
			}
			// and once more, with what came after the cut
			again = openIn(t, after)
			checkAll(t, again, known)
			again.Close()
			t.Logf("%d commits acknowledged before the cut", len(known))
		})
	}
}
