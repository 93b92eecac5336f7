package embedded

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	js "github.com/nats-io/nats.go/jetstream"

	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/jetstream"
)

// checkStream is the scratch stream on which the way of writing is proved.
const checkStream = "CASEFILE-CHECK"

// checkMessages is how many messages the proof writes.
const checkMessages = 4

// checkWrites proves, on a scratch stream like the real one, that a message
// stands in its block file once it is acknowledged, and that the block files
// are where they are expected.
func checkWrites(ctx context.Context, n *node, dir string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	api, err := js.New(n.read)
	if err != nil {
		return err
	}
	if err := api.DeleteStream(ctx, checkStream); err != nil && !errors.Is(err, js.ErrStreamNotFound) {
		return err
	}
	cfg := jetstream.StreamConfig(1)
	cfg.Name, cfg.Subjects = checkStream, []string{"casefile-check"}
	if _, err := api.CreateStream(ctx, cfg); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, api.DeleteStream(ctx, checkStream)) }()
	block := filepath.Join(streamDir(dir, checkStream), "msgs", "1.blk")
	for range checkMessages {
		mark := make([]byte, 64)
		if _, err := rand.Read(mark); err != nil {
			return err
		}
		if _, err := api.Publish(ctx, "casefile-check", mark); err != nil {
			return err
		}
		held, err := os.ReadFile(block)
		if err != nil {
			return fmt.Errorf("no block file where it is expected: %w", err)
		}
		if !bytes.Contains(held, mark) {
			return errors.New("an acknowledged message is not in its block file")
		}
	}
	return nil
}

// checkBlocks proves on the stream itself that its newest message stands at the
// end of its newest block file.
func checkBlocks(b *blocks, last *eventstore.Commit) error {
	if last == nil {
		return nil
	}
	held, err := os.ReadFile(b.path(b.n))
	if err != nil {
		return err
	}
	if len(held) == 0 && b.n > 1 { // a new block that holds nothing yet
		if held, err = os.ReadFile(b.path(b.n - 1)); err != nil {
			return err
		}
	}
	if !bytes.Contains(held, last.Clear) {
		return errors.New("the newest commit is not in the newest block file")
	}
	return nil
}
