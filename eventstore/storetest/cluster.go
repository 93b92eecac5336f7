package storetest

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/internal/testkit/ports"
)

// Cluster is three NATS servers on the loopback interface, each message synced.
type Cluster struct {
	Nodes []*server.Server
	urls  []string
}

// StartCluster starts three nodes and waits until they have a leader. The test
// stops them.
func StartCluster(t *testing.T) *Cluster {
	t.Helper()
	const size = 3
	free, err := ports.Free(2 * size)
	must(t, err)
	var routes []string
	for i := range size {
		routes = append(routes, fmt.Sprintf("nats-route://127.0.0.1:%d", free[size+i]))
	}
	c := &Cluster{}
	dir := t.TempDir()
	for i := range size {
		s, err := server.NewServer(&server.Options{
			ServerName: fmt.Sprintf("node-%d", i), Host: "127.0.0.1", Port: free[i],
			JetStream: true, StoreDir: filepath.Join(dir, fmt.Sprint(i)), SyncAlways: true, MaxPayload: eventstore.MaxMessage,
			Cluster: server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: free[size+i]},
			Routes:  server.RoutesFromStr(strings.Join(routes, ",")),
			NoSigs:  true, NoLog: true,
		})
		must(t, err)
		s.Start()
		c.Nodes = append(c.Nodes, s)
		c.urls = append(c.urls, fmt.Sprintf("nats://127.0.0.1:%d", free[i]))
	}
	t.Cleanup(func() {
		for _, s := range c.Nodes {
			s.Shutdown()
		}
		for _, s := range c.Nodes {
			s.WaitForShutdown()
		}
	})
	deadline := time.Now().Add(30 * time.Second)
	for !c.ready() {
		if time.Now().After(deadline) {
			t.Fatal("the cluster has no leader")
		}
		time.Sleep(20 * time.Millisecond)
	}
	return c
}

func (c *Cluster) ready() bool {
	for _, s := range c.Nodes {
		if s.JetStreamIsLeader() && len(s.JetStreamClusterPeers()) == len(c.Nodes) {
			return true
		}
	}
	return false
}

// Connect connects to the cluster; the test closes the connection.
func (c *Cluster) Connect(t *testing.T) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(strings.Join(c.urls, ","), nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond))
	must(t, err)
	t.Cleanup(nc.Close)
	return nc
}

// Clear deletes the stream, for a test that wants an empty one.
func (c *Cluster) Clear(t *testing.T, nc *nats.Conn, stream string) {
	t.Helper()
	api, err := js.New(nc)
	must(t, err)
	deadline := time.Now().Add(20 * time.Second)
	for {
		err := api.DeleteStream(t.Context(), stream)
		if err == nil || strings.Contains(err.Error(), "not found") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
