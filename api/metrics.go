package api

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"partyline/bridge"
	"partyline/state"
)

// metrics of the HTTP face. Labels are route templates, methods and statuses:
// a few hundred series at most, and nothing about anybody.
type metrics struct {
	requests     *prometheus.CounterVec
	latency      *prometheus.HistogramVec
	authFailures *prometheus.CounterVec
	streams      prometheus.Gauge
	dropped      prometheus.Counter
	panics       prometheus.Counter
}

func newMetrics(reg *prometheus.Registry, b *bridge.Bridge) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "partyline_http_requests_total",
			Help: "Requests answered."}, []string{"method", "route", "status"}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "partyline_http_request_seconds",
			Help:    "Time to answer; event streams count when they end.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, 1, 5, 20}}, []string{"method", "route"}),
		authFailures: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "partyline_http_auth_failures_total",
			Help: "Requests with an invalid key, or from an address that sent too many."}, []string{"kind"}),
		streams: prometheus.NewGauge(prometheus.GaugeOpts{Name: "partyline_http_event_streams",
			Help: "Event streams open now."}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{Name: "partyline_http_event_streams_dropped_total",
			Help: "Event streams ended because their reader was too slow."}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{Name: "partyline_http_panics_total",
			Help: "Faults caught while answering a request."}),
	}
	for _, c := range []prometheus.Collector{m.requests, m.latency, m.authFailures, m.streams, m.dropped, m.panics, bridgeStats{b}} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("api: registering metrics: %w", err)
		}
	}
	return m, nil
}

// bridgeStats reads the bridge's figures when they are asked for.
type bridgeStats struct{ b *bridge.Bridge }

var (
	descConferences  = prometheus.NewDesc("partyline_conferences_loaded", "Conferences in memory.", nil, nil)
	descParticipants = prometheus.NewDesc("partyline_participants", "Participants of loaded conferences by status.", []string{"status"}, nil)
	descQueued       = prometheus.NewDesc("partyline_participants_queued", "Participants waiting for a place on a trunk.", nil, nil)
	descSubscribers  = prometheus.NewDesc("partyline_event_subscribers", "Readers of conference events.", nil, nil)
	descEvents       = prometheus.NewDesc("partyline_events_total", "Events written.", nil, nil)
	descCommits      = prometheus.NewDesc("partyline_store_commits_total", "Batches written to the store.", nil, nil)
	descCommitErrors = prometheus.NewDesc("partyline_store_commit_errors_total", "Batches the store refused.", nil, nil)
	descCommitTime   = prometheus.NewDesc("partyline_store_commit_seconds", "Time the last batch took to reach the disk.", nil, nil)
	descFaults       = prometheus.NewDesc("partyline_participant_faults_total", "Faults caught in one participant's handling.", nil, nil)
	descDraining     = prometheus.NewDesc("partyline_draining", "1 while no new work is taken.", nil, nil)
)

// Describe implements prometheus.Collector.
func (s bridgeStats) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(s, ch) }

// Collect implements prometheus.Collector.
func (s bridgeStats) Collect(ch chan<- prometheus.Metric) {
	st := s.b.Stats()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count := func(d *prometheus.Desc, v uint64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v))
	}
	gauge(descConferences, float64(st.Loaded))
	for _, status := range []state.Status{state.Pending, state.Dialing, state.Connected, state.Held, state.Disconnected, state.Rejected} {
		gauge(descParticipants, float64(st.Participants[status]), string(status))
	}
	gauge(descQueued, float64(st.Queued))
	gauge(descSubscribers, float64(st.Subscribers))
	count(descEvents, st.Events)
	count(descCommits, st.Commits)
	count(descCommitErrors, st.CommitErrors)
	gauge(descCommitTime, st.CommitLatency.Seconds())
	count(descFaults, st.Panics)
	draining := 0.0
	if st.Draining {
		draining = 1
	}
	gauge(descDraining, draining)
}
