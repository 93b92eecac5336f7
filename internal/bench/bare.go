package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sys/unix"

	"github.com/casefile-engine/casefile/eventstore/jetstream"
)

// bare is a plain embedded NATS server with a stream of files: what everything
// is compared with. It has no listening socket.
type bare struct {
	srv    *server.Server
	nc     *nats.Conn
	js     js.JetStream
	dir    string
	synced int // number of the block synced last
}

// startBare starts a server on dir. With syncAlways it syncs each message
// before its acknowledgement, else never by itself.
func startBare(dir string, syncAlways bool) (*bare, error) {
	srv, err := server.NewServer(&server.Options{
		ServerName: "bare", DontListen: true, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: dir, DisableJetStreamBanner: true,
		JetStreamMaxStore: 1 << 60, JetStreamMaxMemory: 1 << 30, MaxPayload: 8<<20 + 4096, MaxPending: 256 << 20,
		SyncInterval: time.Hour, SyncAlways: syncAlways,
	})
	if err != nil {
		return nil, err
	}
	srv.Start()
	b := &bare{srv: srv, dir: dir}
	if !srv.ReadyForConnections(5 * time.Minute) {
		b.close()
		return nil, errors.New("the bare server was not ready in time")
	}
	b.nc, err = nats.Connect("", nats.InProcessServer(srv))
	if err == nil {
		b.js, err = js.New(b.nc, js.WithPublishAsyncMaxPending(window))
	}
	if err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *bare) close() {
	if b.nc != nil {
		b.nc.Close()
	}
	b.srv.Shutdown()
	b.srv.WaitForShutdown()
}

// newStream makes the stream, with the subjects and the name of the engine's.
func (b *bare) newStream(ctx context.Context) error {
	_, err := b.js.CreateStream(ctx, js.StreamConfig{Name: jetstream.StreamName, Subjects: []string{"casefile.>"}, Storage: js.FileStorage})
	return err
}

// publish stores one message and returns when it is on disk (syncAlways).
func (b *bare) publish(ctx context.Context, subject string, payload []byte) error {
	_, err := b.js.Publish(ctx, subject, payload)
	return err
}

// window is the number of commits that share a sync in the comparison of P3.
const window = 1000

// message is a stored commit as the reference publishes it.
type message struct {
	subject string
	payload []byte
}

// publishWindows stores messages without waiting for each, in windows with one
// sync of the touched block files for each window.
func (b *bare) publishWindows(ctx context.Context, list []message) error {
	for len(list) > 0 {
		n := min(window, len(list))
		futures := make([]js.PubAckFuture, n)
		for i, m := range list[:n] {
			f, err := b.js.PublishAsync(m.subject, m.payload)
			if err != nil {
				return err
			}
			futures[i] = f
		}
		for _, f := range futures {
			select {
			case <-f.Ok():
			case err := <-f.Err():
				return err
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if err := b.sync(); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

// msgs is where the server keeps the block files of the stream.
func msgs(dir string) string {
	return filepath.Join(dir, "jetstream", "$G", "streams", jetstream.StreamName, "msgs")
}

// sync syncs the block files from the one synced last to the newest.
func (b *bare) sync() error {
	for n := max(b.synced, 1); ; n++ {
		f, err := os.Open(filepath.Join(msgs(b.dir), strconv.Itoa(n)+".blk"))
		if errors.Is(err, os.ErrNotExist) && n > 1 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the bare server's blocks: %w", err)
		}
		err = errors.Join(unix.Fdatasync(int(f.Fd())), f.Close())
		if err != nil {
			return err
		}
		b.synced = n
	}
}

// subject gives each reference caller a subject of its own, as the dossiers have.
func subject(i int) string { return "casefile.bench.dossier." + id("reference", i) }

// readOrdered reads the first n messages of the stream with an ordered consumer
// and gives the time that it took.
func readOrdered(ctx context.Context, nc *nats.Conn, n int, progress func(int)) (time.Duration, error) {
	return read(ctx, nc, js.OrderedConsumerConfig{}, n, progress)
}

// readSubject reads all n messages of one subject with a filtered consumer.
func readSubject(ctx context.Context, nc *nats.Conn, subject string, n int) (time.Duration, error) {
	return read(ctx, nc, js.OrderedConsumerConfig{FilterSubjects: []string{subject}}, n, nil)
}

func read(ctx context.Context, nc *nats.Conn, cfg js.OrderedConsumerConfig, n int, progress func(int)) (time.Duration, error) {
	api, err := js.New(nc)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	cons, err := api.OrderedConsumer(ctx, jetstream.StreamName, cfg)
	if err != nil {
		return 0, err
	}
	it, err := cons.Messages(js.PullMaxMessagesWithBytesLimit(4096, 16<<20))
	if err != nil {
		return 0, err
	}
	defer it.Stop()
	for i := range n {
		if _, err := it.Next(js.NextContext(ctx)); err != nil {
			return 0, err
		}
		if progress != nil && i%4096 == 0 {
			progress(i)
		}
	}
	took := time.Since(began)
	if info := cons.CachedInfo(); info != nil {
		_ = api.DeleteConsumer(ctx, jetstream.StreamName, info.Name) // else it ends by itself
	}
	return took, nil
}

// cloneStream copies a stopped server's directory. The block files that are
// written no more are linked: neither server changes them.
func cloneStream(from, to string) error {
	newest := 0
	entries, err := os.ReadDir(msgs(from))
	if err != nil {
		return err
	}
	for _, e := range entries {
		newest = max(newest, blockNumber(e.Name()))
	}
	return filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if d.IsDir() {
			return os.MkdirAll(target, 0o700)
		}
		if n := blockNumber(d.Name()); n > 0 && n < newest-1 {
			return os.Link(path, target)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, b, 0o600)
	})
}

func blockNumber(name string) int {
	s, ok := strings.CutSuffix(name, ".blk")
	n, err := strconv.Atoi(s)
	if !ok || err != nil {
		return 0
	}
	return n
}
