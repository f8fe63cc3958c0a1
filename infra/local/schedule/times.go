package schedule

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// times are the moments of a schedule; the zero time means none.
type times interface {
	first(now time.Time) time.Time
	// after is the one that follows due and is not past.
	after(due, now time.Time) time.Time
}

// parse reads an expression.
func parse(expression string, scheduler bool) (times, error) {
	kind, rest, _ := strings.Cut(expression, "(")
	inner, closed := strings.CutSuffix(rest, ")")
	switch {
	case kind == "rate" && closed:
		return parseRate(inner, scheduler)
	case kind == "cron" && closed:
		return parseCron(inner)
	case kind == "at" && closed && scheduler:
		return parseAt(inner)
	case kind == "at" && closed:
		return nil, fmt.Errorf("%q: only a ScheduleV2 takes at(…)", expression)
	}
	return nil, fmt.Errorf("%q: want rate(…) or cron(…)", expression)
}

// rate comes again after each period. atOnce says whether it comes at its start too.
type rate struct {
	period time.Duration
	atOnce bool
}

var units = map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}

// parseRate reads "1 minute" or "5 minutes": the singular is for one.
func parseRate(text string, atOnce bool) (times, error) {
	count, unit, _ := strings.Cut(text, " ")
	n, err := strconv.Atoi(count)
	if n != 1 {
		var plural bool
		if unit, plural = strings.CutSuffix(unit, "s"); !plural {
			unit = ""
		}
	}
	period, known := units[unit]
	if err != nil || n < 1 || n > 100_000 || !known {
		return nil, fmt.Errorf("rate(%s): want such as rate(1 minute), rate(5 minutes), rate(2 hours)", text)
	}
	return rate{time.Duration(n) * period, atOnce}, nil
}

func (r rate) first(now time.Time) time.Time {
	if r.atOnce {
		return now
	}
	return now.Add(r.period)
}

func (r rate) after(due, now time.Time) time.Time {
	missed := max(now.Sub(due)/r.period, 0)
	return due.Add((missed + 1) * r.period)
}

// at comes once.
type at struct{ moment time.Time }

func parseAt(text string) (times, error) {
	moment, err := time.Parse("2006-01-02T15:04:05", text)
	if err != nil {
		return nil, fmt.Errorf("at(%s): want such as at(2026-01-02T15:04:05)", text)
	}
	return at{moment}, nil
}

func (a at) first(now time.Time) time.Time {
	if a.moment.Before(now) {
		return time.Time{}
	}
	return a.moment
}

func (a at) after(time.Time, time.Time) time.Time { return time.Time{} }

// errWildcard is what cron has on AWS and not here.
var errWildcard = errors.New("the wildcards L, W and # are not supported here")
