package web

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/casefile-engine/casefile/handlers/auth"
)

// Limits of the server: what a slow or hostile caller can hold on to.
const (
	headerTimeout  = 5 * time.Second
	readTimeout    = 60 * time.Second
	writeTimeout   = 60 * time.Second // a long register or download extends it as it goes
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 32 << 10
	// maxConnections is how many connections are open at once; more of them wait.
	// A stranger who holds all delays others, by at most the limits above, and
	// does not take the files away that the stream needs.
	maxConnections = 1024
	// drainTimeout is how long requests that are under way may take when the
	// program ends.
	drainTimeout = 10 * time.Second
	// sweepEvery is how often ended sessions are removed.
	sweepEvery = 10 * time.Minute
)

// Serve answers requests on l until ctx ends, then lets those under way finish
// within ten seconds. It gives nil after such an end.
func Serve(ctx context.Context, l net.Listener, h http.Handler, a *auth.Service, log *slog.Logger) error {
	if log == nil {
		log = slog.Default()
	}
	srv := &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeaderBytes, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		// Requests outlive ctx on purpose: a command that has begun is finished.
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(limited(l, maxConnections)) }()
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	for {
		select {
		case err := <-ended:
			return err
		case <-sweep.C:
			if err := a.CollectGarbage(ctx); err != nil && ctx.Err() == nil {
				log.Warn("ended sessions could not be removed", "err", err)
			}
		case <-ctx.Done():
			drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
			defer cancel()
			err := srv.Shutdown(drain)
			if errors.Is(err, context.DeadlineExceeded) {
				return srv.Close()
			}
			return err
		}
	}
}

// MetricsServer serves /metrics and nothing else.
func MetricsServer(reg *prometheus.Registry, log *slog.Logger) *http.Server {
	m := http.NewServeMux()
	m.Handle("GET /metrics", Metrics(reg))
	return &http.Server{
		Handler: m, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeaderBytes, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// Limited gives as many connections of l at once as the pages' server has.
func Limited(l net.Listener) net.Listener { return limited(l, maxConnections) }

// limited gives at most n connections of l at once.
func limited(l net.Listener, n int) net.Listener {
	return &limitedListener{Listener: l, free: make(chan struct{}, n), closed: make(chan struct{})}
}

type limitedListener struct {
	net.Listener
	free   chan struct{} // has one for each open connection
	closed chan struct{}
	once   sync.Once
}

// Accept waits for a free place, and then for a connection.
func (l *limitedListener) Accept() (net.Conn, error) {
	select {
	case l.free <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.free
		return nil, err
	}
	return &limitedConn{Conn: c, release: sync.OnceFunc(func() { <-l.free })}, nil
}

// Close also wakes an Accept that waits for a place.
func (l *limitedListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

type limitedConn struct {
	net.Conn
	release func()
}

// Close gives the place back.
func (c *limitedConn) Close() error {
	defer c.release()
	return c.Conn.Close()
}
