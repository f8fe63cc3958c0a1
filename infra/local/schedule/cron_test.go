package schedule

import (
	"strings"
	"testing"
	"time"
)

func TestCronsNextTime(t *testing.T) {
	for expression, want := range map[string]string{
		"0 10 * * ? *":           "2026-03-01T10:00", // the document's own
		"15 12 * * ? *":          "2026-03-01T12:15",
		"0 18 ? * MON-FRI *":     "2026-03-02T18:00",
		"0 8 1 * ? *":            "2026-03-01T08:00",
		"0/15 * * * ? *":         "2026-03-01T00:15",
		"0/10 * ? * MON-FRI *":   "2026-03-02T00:00",
		"0/5 8-17 ? * mon-fri *": "2026-03-02T08:00",
		"* * ? * 1 *":            "2026-03-01T00:01",
		"0 0 31 * ? *":           "2026-03-31T00:00",
		"0 0 29 2 ? *":           "2028-02-29T00:00",
		"0 0 1 JAN,JUL ? *":      "2026-07-01T00:00",
		"59 23 31 12 ? 2030":     "2030-12-31T23:59",
		"0 5-9/2 * * ? *":        "2026-03-01T05:00",
		"0 0 1 1 ? 2026":         "0001-01-01T00:00",
		"0 0 30 2 ? *":           "0001-01-01T00:00",
	} {
		c, err := parse("cron("+expression+")", false)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		// 2026-03-01 is a Sunday.
		if got := c.first(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)).Format("2006-01-02T15:04"); got != want {
			t.Errorf("%s: %s, want %s", expression, got, want)
		}
	}
}

func TestExpressionsThatAreRefused(t *testing.T) {
	for expression, reason := range map[string]string{
		"":                           "want rate(…) or cron(…)",
		"every minute":               "want rate(…) or cron(…)",
		"rate(1 minute":              "want rate(…) or cron(…)",
		"rate(1 minutes)":            "rate(1 minute)",
		"rate(5 minute)":             "rate(5 minutes)",
		"rate(0 minutes)":            "want such as",
		"rate(-1 minutes)":           "want such as",
		"rate(1.5 hours)":            "want such as",
		"rate(1 second)":             "want such as",
		"rate(99999999999999 days)":  "want such as",
		"cron(0 3 * * *)":            "want six fields",
		"cron(0 3 * * * *)":          "must be ?",
		"cron(0 3 ? * ? *)":          "must be ?",
		"cron(60 3 * * ? *)":         "minutes: \"60\" is not 0 to 59",
		"cron(0 3 L * ? *)":          "day of month: the wildcards L, W and # are not supported here",
		"cron(0 3 ? * 2#1 *)":        "day of week: the wildcards L, W and # are not supported here",
		"cron(0 3 ? * FRI-MON *)":    "runs backwards",
		"cron(0/0 3 * * ? *)":        "the step",
		"cron(? 3 * * ? *)":          "minutes",
		"at(2026-01-02T15:04:05)":    "only a ScheduleV2",
		"at(tomorrow) for scheduler": "want rate(…) or cron(…)",
	} {
		if _, err := New(Schedule{Name: "S", Expression: expression}, Options{}); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%q: %v, want %q", expression, err, reason)
		}
	}
	if _, err := parse("at(tomorrow)", true); err == nil {
		t.Error("at(tomorrow) is taken")
	}
}

// FuzzParse holds that what is taken has times that move on.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"rate(1 minute)", "cron(0/15 8-17 ? * MON-FRI 2030)", "at(2026-01-02T15:04:05)", "cron(,,,,,)"} {
		f.Add(seed)
	}
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, expression string) {
		moments, err := parse(expression, true)
		if err != nil {
			return
		}
		due := moments.first(now)
		if next := moments.after(due, now); !due.IsZero() && !next.IsZero() && !next.After(due) {
			t.Errorf("%q: %v after %v", expression, next, due)
		}
	})
}
