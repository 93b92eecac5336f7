package engine

import "github.com/prometheus/client_golang/prometheus"

// The guard is a prometheus.Collector: what it found, and when it last looked.
var (
	integrityFailures = prometheus.NewDesc("casefile_integrity_failures", "What the newest look over stream, ledger and lock found that is not as it was acknowledged and signed. Anything but 0 is an alarm.", nil, nil)
	lastScrub         = prometheus.NewDesc("casefile_last_scrub_timestamp", "When the whole stream was last looked over, in seconds since 1970; 0: not since the start.", nil, nil)
	scrubbedCommits   = prometheus.NewDesc("casefile_last_scrub_commits", "Commits that the last look over the whole stream read.", nil, nil)
)

// Describe implements prometheus.Collector.
func (g *Guard) Describe(ch chan<- *prometheus.Desc) {
	ch <- integrityFailures
	ch <- lastScrub
	ch <- scrubbedCommits
}

// Collect implements prometheus.Collector.
func (g *Guard) Collect(ch chan<- prometheus.Metric) {
	s := g.State()
	at := 0.0
	if !s.Scrubbed.IsZero() {
		at = float64(s.Scrubbed.UnixMilli()) / 1000
	}
	ch <- prometheus.MustNewConstMetric(integrityFailures, prometheus.GaugeValue, float64(s.Total))
	ch <- prometheus.MustNewConstMetric(lastScrub, prometheus.GaugeValue, at)
	ch <- prometheus.MustNewConstMetric(scrubbedCommits, prometheus.GaugeValue, float64(s.Commits))
}
