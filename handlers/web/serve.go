package web

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/casefile-engine/casefile/handlers/auth"
)

// Limits of the server: what a slow or hostile caller can hold on to.
const (
	headerTimeout  = 5 * time.Second
	readTimeout    = 60 * time.Second
	writeTimeout   = 60 * time.Second // a long register extends it as it goes
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 32 << 10
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
	go func() { ended <- srv.Serve(l) }()
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
