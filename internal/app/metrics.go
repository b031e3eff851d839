package app

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/meins-id/meins/internal/store/bolt"
)

// metrics counts by route and status. Labels are route patterns, never paths: a path could carry
// an id, and ids in metrics would be a profile.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec

	mu    sync.RWMutex
	known map[answered]series
}

// answered is what one request is counted by.
type answered struct {
	route, method string
	status        int
}

// series are the two that it counts in. Finding them by their labels anew would cost each request
// more than counting does.
type series struct {
	requests prometheus.Counter
	seconds  prometheus.Observer
}

func newMetrics(st *bolt.Store) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(), known: map[answered]series{},
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "meins_http_requests_total", Help: "Requests answered, by route and status.",
		}, []string{"route", "method", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "meins_http_request_seconds", Help: "Time to answer, by route.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5},
		}, []string{"route"}),
	}
	m.registry.MustRegister(m.requests, m.seconds,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		storeMetric("meins_store_commits_total", "Commits to disk.", st, func(s bolt.Stats) float64 { return float64(s.Commits) }),
		storeMetric("meins_store_updates_total", "Updates committed; many share a commit.", st, func(s bolt.Stats) float64 { return float64(s.Updates) }),
	)
	return m
}

// storeMetric reads one figure at each scrape; a closed store counts as zero.
func storeMetric(name, help string, st *bolt.Store, read func(bolt.Stats) float64) prometheus.Collector {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 {
		stats, err := st.Stats()
		if err != nil {
			return 0
		}
		return read(stats)
	})
}

// observe counts one answered request.
func (m *metrics) observe(route, method string, status int, took time.Duration) {
	a := answered{route, method, status}
	m.mu.RLock()
	counts, ok := m.known[a]
	m.mu.RUnlock()
	if !ok {
		counts = m.meet(a)
	}
	counts.requests.Inc()
	counts.seconds.Observe(took.Seconds())
}

// meet finds the series of an answer that was not counted before.
func (m *metrics) meet(a answered) series {
	counts := series{
		requests: m.requests.WithLabelValues(a.route, a.method, strconv.Itoa(a.status)),
		seconds:  m.seconds.WithLabelValues(a.route),
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.known[a] = counts
	return counts
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
