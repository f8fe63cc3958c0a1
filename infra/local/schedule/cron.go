package schedule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// field is one of a cron expression's six.
type field struct {
	name      string
	low, high int
	// names are those of the values from low on, or nil.
	names []string
}

var fields = [6]field{
	{"minutes", 0, 59, nil},
	{"hours", 0, 23, nil},
	{"day of month", 1, 31, nil},
	{"month", 1, 12, strings.Fields("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC")},
	{"day of week", 1, 7, strings.Fields("SUN MON TUE WED THU FRI SAT")},
	{"year", 1970, 2199, nil},
}

// The indexes of fields.
const (
	minutes = iota
	hours
	dayOfMonth
	month
	dayOfWeek
	year
)

// cron comes at each minute whose parts all stand in their field's set. A day field that is ?
// has every value.
type cron [6]map[int]bool

// parseCron reads six fields: minutes, hours, day of month, month, day of week, year.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
func parseCron(text string) (times, error) {
	parts := strings.Fields(text)
	if len(parts) != len(fields) {
		return nil, fmt.Errorf("cron(%s): want six fields, such as cron(0 3 * * ? *)", text)
	}
	if (parts[dayOfMonth] == "?") == (parts[dayOfWeek] == "?") {
		return nil, fmt.Errorf("cron(%s): one of day of month and day of week must be ?, and the other not", text)
	}
	var c cron
	for i, part := range parts {
		set, err := fields[i].parse(part)
		if err != nil {
			return nil, fmt.Errorf("cron(%s): %s: %w", text, fields[i].name, err)
		}
		c[i] = set
	}
	return c, nil
}

// parse reads a list of values, ranges and steps.
func (f field) parse(text string) (map[int]bool, error) {
	set := map[int]bool{}
	for each := range strings.SplitSeq(strings.ToUpper(text), ",") {
		low, high, step, err := f.span(each)
		if err != nil {
			return nil, err
		}
		for v := low; v <= high; v += step {
			set[v] = true
		}
	}
	return set, nil
}

// span reads one value, or a range, with a step or without.
func (f field) span(text string) (low, high, step int, err error) {
	span, by, stepped := strings.Cut(text, "/")
	step = 1
	if stepped {
		if step, err = strconv.Atoi(by); err != nil || step < 1 {
			return 0, 0, 0, fmt.Errorf("the step %q", by)
		}
	}
	day := f.name == fields[dayOfMonth].name || f.name == fields[dayOfWeek].name
	if span == "*" || span == "?" && day && !stepped {
		return f.low, f.high, step, nil
	}
	from, to, isRange := strings.Cut(span, "-")
	if low, err = f.value(from); err != nil {
		return 0, 0, 0, err
	}
	switch {
	case isRange:
		high, err = f.value(to)
	case stepped:
		high = f.high
	default:
		high = low
	}
	if err == nil && high < low {
		err = fmt.Errorf("the range %q runs backwards", span)
	}
	return low, high, step, err
}

func (f field) value(text string) (int, error) {
	if i := slices.Index(f.names, text); i >= 0 {
		return f.low + i, nil
	}
	if strings.ContainsAny(text, "LW#") {
		return 0, errWildcard
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < f.low || n > f.high {
		return 0, fmt.Errorf("%q is not %d to %d", text, f.low, f.high)
	}
	return n, nil
}

func (c cron) first(now time.Time) time.Time { return c.following(now) }

func (c cron) after(due, now time.Time) time.Time {
	if now.After(due) {
		due = now
	}
	return c.following(due)
}

// following is the first of its minutes after t. It goes on by the largest part that does not fit.
func (c cron) following(t time.Time) time.Time {
	t = t.UTC().Truncate(time.Minute).Add(time.Minute)
	for t.Year() <= fields[year].high {
		switch {
		case !c[year][t.Year()]:
			t = time.Date(t.Year()+1, 1, 1, 0, 0, 0, 0, time.UTC)
		case !c[month][int(t.Month())]:
			t = time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, time.UTC)
		case !c[dayOfMonth][t.Day()] || !c[dayOfWeek][int(t.Weekday())+1]:
			t = time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, time.UTC)
		case !c[hours][t.Hour()]:
			t = t.Truncate(time.Hour).Add(time.Hour)
		case !c[minutes][t.Minute()]:
			t = t.Add(time.Minute)
		default:
			return t
		}
	}
	return time.Time{}
}
