package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/internal/clock"
)

// logs serves the newest checkpoint and the hash tiles of each agency's log by
// C2SP tlog-tiles. These are hashes and signatures, which say nothing of anybody,
// so no sign-in is asked for. Entry bundles, which hold metadata, are not served.
type logs struct{ ledger *ledger.Ledger }

func (s logs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, err := s.find(r.PathValue("agency"), r.PathValue("path"))
	switch {
	case errors.Is(err, ledger.ErrRange):
		http.Error(w, "there is no such checkpoint or tile", http.StatusNotFound)
		return
	case err != nil:
		http.Error(w, "the ledger cannot be read; its status and casefile doctor say why", http.StatusServiceUnavailable)
		return
	}
	h := w.Header()
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	if r.PathValue("path") == "checkpoint" {
		h.Set("Content-Type", "text/plain; charset=utf-8")
		h.Set("Cache-Control", "no-cache")
	} else {
		h.Set("Content-Type", "application/octet-stream")
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	_, _ = w.Write(b) // nobody is left to tell
}

// find gives what stands at a path of a log; ledger.ErrRange for nothing.
func (s logs) find(agency, path string) ([]byte, error) {
	if s.ledger == nil {
		return nil, ledger.ErrRange
	}
	log, ok := s.ledger.Log(agency)
	if !ok {
		return nil, ledger.ErrRange
	}
	if path == "checkpoint" {
		if c := log.LatestCheckpoint(); c.Size > 0 {
			return c.Note, nil
		}
		return nil, ledger.ErrRange
	}
	if level, n, width, ok := ledger.ParseTilePath(path); ok {
		return log.Tile(level, n, width)
	}
	return nil, ledger.ErrRange
}

// ledgerMeter tells how the logs stand. Its labels are the codes of agencies.
type ledgerMeter struct {
	ledger *ledger.Ledger
	clock  clock.Clock
}

var (
	ledgerLeaves  = prometheus.NewDesc("casefile_ledger_leaves", "Commits that the newest checkpoint of an agency's log covers.", []string{"agency"}, nil)
	ledgerAge     = prometheus.NewDesc("casefile_ledger_checkpoint_age_seconds", "Time since the newest checkpoint of an agency's log; it grows while nothing happens.", []string{"agency"}, nil)
	ledgerStalled = prometheus.NewDesc("casefile_ledger_stalled", "1 while an agency's log does not go on.", []string{"agency"}, nil)
	ledgerLag     = prometheus.NewDesc("casefile_ledger_lag_commits", "Positions of the stream that the ledger has not read yet.", nil, nil)
)

// Describe implements prometheus.Collector.
func (m ledgerMeter) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{ledgerLeaves, ledgerAge, ledgerStalled, ledgerLag} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m ledgerMeter) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for _, s := range m.ledger.Status() {
		stalled := 0.0
		if s.Problem != nil {
			stalled = 1
		}
		gauge(ledgerStalled, stalled, s.Agency)
		gauge(ledgerLeaves, float64(s.Size), s.Agency)
		if s.Size > 0 {
			gauge(ledgerAge, max(0, m.clock.Now().Sub(s.Signed).Seconds()), s.Agency)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if lag, err := m.ledger.Lag(ctx); err == nil {
		gauge(ledgerLag, float64(lag))
	}
}
