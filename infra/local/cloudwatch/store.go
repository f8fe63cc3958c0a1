package cloudwatch

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Metric is what is measured: a name in a namespace, with CloudWatch's unit
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html), of somebody.
type Metric struct {
	Namespace, Name, Unit string
	Dimensions            map[string]string
}

// Gauge is a metric whose value is looked at when it is asked for.
type Gauge struct {
	Metric
	Value float64
}

// Store holds metrics. It is safe for concurrent use.
type Store struct {
	gauges func() []Gauge

	mu     sync.Mutex
	series map[string]*series // by family and labels
	recent recent
}

// New makes an empty Store. gauges are asked at each scrape; nil: there are none.
func New(gauges func() []Gauge) *Store {
	if gauges == nil {
		gauges = func() []Gauge { return nil }
	}
	return &Store{gauges: gauges, series: map[string]*series{}, recent: recent{}}
}

// Add counts.
func (s *Store) Add(m Metric, n float64) { s.put(m, false, []float64{n}) }

// Observe takes what was measured once.
func (s *Store) Observe(m Metric, value float64) { s.put(m, true, []float64{value}) }

// series is one line, or one histogram, of the text.
type series struct {
	family, labels, help string
	buckets              []float64 // upper bounds; nil: a counter
	counts               []uint64
	sum                  float64
	count                uint64
}

func (s *Store) put(m Metric, list bool, values []float64) {
	unit := unitOf(m.Unit)
	name, labels := unit.family(m), labelsOf(m.Dimensions)
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.series[name+labels]
	if of == nil {
		of = &series{family: name, labels: labels, help: m.Namespace + " " + m.Name}
		if list || !unit.counted {
			of.buckets, of.counts = unit.buckets, make([]uint64, len(unit.buckets))
		}
		s.series[name+labels] = of
	}
	for _, v := range values {
		of.add(v * unit.factor)
	}
	s.recent.put(time.Now(), m, of.buckets != nil, unit, values)
}

func (s *series) add(v float64) {
	s.sum += v
	s.count++
	if i, _ := slices.BinarySearch(s.buckets, v); i < len(s.counts) {
		s.counts[i]++
	}
}

// unit is how Prometheus has what CloudWatch has in another unit.
type unit struct {
	suffix  string
	factor  float64
	counted bool
	buckets []float64
}

var (
	seconds = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600}
	counts  = []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 100_000, 1_000_000}
	bytes   = []float64{256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 16 << 20, 256 << 20, 1 << 30}
	percent = []float64{0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1}
)

// unitOf is the unit with CloudWatch's name; an unknown one is a number without a suffix.
func unitOf(name string) unit {
	switch name {
	case "Seconds":
		return unit{"_seconds", 1, false, seconds}
	case "Milliseconds":
		return unit{"_seconds", 1e-3, false, seconds}
	case "Microseconds":
		return unit{"_seconds", 1e-6, false, seconds}
	case "Percent":
		return unit{"_ratio", 1e-2, false, percent}
	case "Count", "None", "":
		return unit{"", 1, true, counts}
	}
	for i, prefix := range []string{"Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes"} {
		if name == prefix {
			return unit{"_bytes", math.Pow(1000, float64(i)), false, bytes}
		}
	}
	return unit{"", 1, false, counts}
}

// family is the metric's name in Prometheus, without _total.
func (u unit) family(m Metric) string { return spelled(m.Namespace+"_"+m.Name) + u.suffix }

// labelsOf is {function="publish"}, or empty.
func labelsOf(dimensions map[string]string) string {
	if len(dimensions) == 0 {
		return ""
	}
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(dimensions)) {
		pairs = append(pairs, spelled(name)+`="`+escape.Replace(dimensions[name])+`"`)
	}
	return "{" + strings.Join(pairs, ",") + "}"
}

// spelled is a name in lower case with underscores: IteratorAge is iterator_age.
func spelled(name string) string {
	var b strings.Builder
	for i, r := range name {
		upper := r >= 'A' && r <= 'Z'
		if i > 0 && upper && (lower(name[i-1]) || i+1 < len(name) && lower(name[i+1]) && name[i-1] >= 'A' && name[i-1] <= 'Z') {
			b.WriteByte('_')
		}
		switch {
		case upper:
			b.WriteRune(r + 'a' - 'A')
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' && i > 0:
			b.WriteRune(r)
		default:
			b.WriteByte('_')
		}
	}
	return b.String()
}

func lower(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
