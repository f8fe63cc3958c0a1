package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// outcome is what arrived.
type outcome struct {
	delivered int
	// lost never came; extra came twice, or to those who must not get it, or is unknown; disorder
	// came before one that was written earlier; wrong came with another payload.
	lost, extra, disorder, wrong int
	took                         time.Duration
	latency                      *hdrhistogram.Histogram // microseconds
}

func newOutcome() outcome { return outcome{latency: hdrhistogram.New(1, 120_000_000, 3)} }

func (o *outcome) add(other outcome) {
	o.delivered += other.delivered
	o.lost += other.lost
	o.extra += other.extra
	o.disorder += other.disorder
	o.wrong += other.wrong
	o.took += other.took
	if other.latency != nil {
		o.latency.Merge(other.latency)
	}
}

func (o *outcome) record(latency time.Duration) {
	o.latency.RecordValue(max(1, latency.Microseconds()))
}

func (o outcome) rate() float64 { return float64(o.delivered) / o.took.Seconds() }

func (o outcome) millis(percentile float64) string {
	return fmt.Sprintf("%.1f", float64(o.latency.ValueAtPercentile(percentile))/1000)
}

func (o outcome) verdict() error {
	if o.lost+o.extra+o.disorder+o.wrong > 0 {
		return fmt.Errorf("%d events lost, %d twice or unasked for, %d out of order, %d not as they must be", o.lost, o.extra, o.disorder, o.wrong)
	}
	return nil
}

// checklist is the statuses, from first on, that one listener must get.
type checklist struct {
	first int
	// missing says of each status whether it is still to come; left is how many are.
	missing []bool
	left    int
	// newest is the greatest number so far.
	newest int
	found  []arrival
	outcome
}

// arrival is a status that came.
type arrival struct {
	status int
	at     time.Time
}

// newChecklist lists the statuses but for those that are skipped.
func newChecklist(first, events int, skips func(status int) bool) *checklist {
	c := &checklist{first: first, newest: first - 1, missing: make([]bool, events)}
	for i := range c.missing {
		if c.missing[i] = !skips(first + i); c.missing[i] {
			c.left++
		}
	}
	return c
}

// take takes a status off the list.
func (c *checklist) take(a arrival) {
	i := a.status - c.first
	if i < 0 || i >= len(c.missing) || !c.missing[i] {
		c.extra++
		return
	}
	c.missing[i] = false
	c.left--
	c.delivered++
	if a.status < c.newest {
		c.disorder++
	}
	c.newest = max(c.newest, a.status)
	c.found = append(c.found, a)
}

// statusNumber is the number of the status in a payload, or -1.
func statusNumber(payload []byte) int {
	var status struct{ ID string }
	var i int
	if json.Unmarshal(payload, &status) != nil {
		return -1
	}
	if n, _ := fmt.Sscan(status.ID, &i); n != 1 {
		return -1
	}
	return i
}
