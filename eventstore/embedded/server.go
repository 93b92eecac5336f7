package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/casefile-engine/casefile/eventstore"
)

const (
	// readyWithin is how long the server may take to recover its streams.
	readyWithin = 5 * time.Minute
	// ownSync is the server's own interval of syncing, which only spares the
	// kernel a backlog; durability does not rest on it.
	ownSync = time.Hour
)

// node is the server with the two connections into it: appends and their
// answers on one, everything else on the other, so that no reader's traffic
// stands before an answer.
type node struct {
	srv         *server.Server
	write, read *nats.Conn
}

func startNode(dir string, syncAlways bool, log *slog.Logger) (*node, error) {
	srv, err := server.NewServer(&server.Options{
		ServerName: "casefile", DontListen: true, NoSigs: true,
		JetStream: true, StoreDir: dir, DisableJetStreamBanner: true,
		// The disk itself is the limit, not three quarters of what was free at start.
		JetStreamMaxStore: 1 << 60, JetStreamMaxMemory: 1 << 30,
		MaxPayload: eventstore.MaxMessage, MaxPending: 256 << 20, NoSystemAccount: true,
		SyncInterval: ownSync, SyncAlways: syncAlways,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: the embedded server does not start: %w", eventstore.ErrUnavailable, err)
	}
	srv.SetLoggerV2(&serverLog{log: log}, false, false, false)
	srv.Start()
	n := &node{srv: srv}
	if !srv.ReadyForConnections(readyWithin) {
		n.stop()
		return nil, fmt.Errorf("%w: the embedded server was not ready in time", eventstore.ErrUnavailable)
	}
	for _, c := range []**nats.Conn{&n.write, &n.read} {
		*c, err = nats.Connect("", nats.InProcessServer(srv), nats.Name("casefile"), nats.MaxReconnects(-1),
			nats.ReconnectWait(50*time.Millisecond), nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
				log.Warn("embedded server connection", "error", err)
			}))
		if err != nil {
			n.stop()
			return nil, fmt.Errorf("%w: no connection to the embedded server: %w", eventstore.ErrUnavailable, err)
		}
	}
	return n, nil
}

// stop ends the connections and the server, which writes its index.
func (n *node) stop() {
	for _, c := range []*nats.Conn{n.write, n.read} {
		if c != nil {
			c.Close()
		}
	}
	n.srv.Shutdown()
	n.srv.WaitForShutdown()
}

// streamDir is where the server keeps a stream of the one account there is.
func streamDir(dir, stream string) string {
	return filepath.Join(dir, "jetstream", "$G", "streams", stream)
}

// serverLog passes the server's warnings and errors on. Its notices speak of
// versions and addresses at every start and are kept for debugging.
type serverLog struct{ log *slog.Logger }

func (l *serverLog) at(level slog.Level, format string, v []any) {
	if l.log.Enabled(context.Background(), level) {
		l.log.Log(context.Background(), level, "embedded server: "+strings.TrimSpace(fmt.Sprintf(format, v...)))
	}
}

func (l *serverLog) Noticef(format string, v ...any) { l.at(slog.LevelDebug, format, v) }
func (l *serverLog) Warnf(format string, v ...any)   { l.at(slog.LevelWarn, format, v) }
func (l *serverLog) Errorf(format string, v ...any)  { l.at(slog.LevelError, format, v) }
func (l *serverLog) Fatalf(format string, v ...any)  { l.at(slog.LevelError, format, v) }
func (l *serverLog) Debugf(format string, v ...any)  { l.at(slog.LevelDebug, format, v) }
func (l *serverLog) Tracef(format string, v ...any)  { l.at(slog.LevelDebug-4, format, v) }

// syncTree syncs the directories from dir down and the small files that say
// what the streams are, so that a new directory or a new stream is not lost
// with all that is in it. Blocks are synced too: after a crash nobody knows
// which were; a clean one costs microseconds.
func syncTree(dir string) error {
	if err := syncFile(filepath.Dir(dir)); err != nil {
		return err
	}
	return filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, os.ErrNotExist) {
				return nil // the server tidies up meanwhile
			}
			return err
		}
		name := d.Name()
		if d.IsDir() || strings.HasSuffix(name, ".blk") || strings.HasPrefix(name, "meta.") {
			err = syncFile(path)
		}
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	})
}

// syncFile syncs a file or a directory with its metadata.
func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
