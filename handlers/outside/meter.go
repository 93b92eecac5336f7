package outside

import "github.com/prometheus/client_golang/prometheus"

// The runner is a prometheus.Collector. Its labels are codes of agencies, and the
// names by which witnesses are configured.
var (
	labels  = []string{"agency", "kind", "name"}
	size    = prometheus.NewDesc("casefile_outside_leaves", "Commits of an agency's log that a witness (kind cosignature) or a time-stamping authority (kind time_stamp) vouched for.", labels, nil)
	at      = prometheus.NewDesc("casefile_outside_timestamp", "When it did so last, by its own clock, in seconds since 1970; 0: never.", labels, nil)
	failing = prometheus.NewDesc("casefile_outside_failing", "1 while it does not vouch for what is signed.", labels, nil)
	alarm   = prometheus.NewDesc("casefile_witness_contradictions", "1 while a witness contradicts the log: an alarm.", labels, nil)
)

// Describe implements prometheus.Collector.
func (r *Runner) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{size, at, failing, alarm} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (r *Runner) Collect(ch chan<- prometheus.Metric) {
	for _, s := range r.States() {
		gauge := func(d *prometheus.Desc, v float64) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, s.Agency, s.Kind, s.Name)
		}
		gauge(size, float64(s.Size))
		when := 0.0
		if s.Size > 0 {
			when = float64(s.At.Unix())
		}
		gauge(at, when)
		gauge(failing, flag(s.Problem != ""))
		if s.Kind == kindCosignature {
			gauge(alarm, flag(s.Alarm))
		}
	}
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
