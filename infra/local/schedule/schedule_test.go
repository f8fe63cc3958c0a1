package schedule

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// runFor runs a schedule for a while and answers how long after its start it invoked.
func runFor(t *testing.T, s Schedule, every, while time.Duration) (after []time.Duration, events []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		timer, err := New(s, Options{Every: every, Invoke: func(function string, event []byte) (string, error) {
			after, events = append(after, time.Since(began)), append(events, function+" "+string(event))
			return "", errors.New("what becomes of one does not end the schedule")
		}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), while)
		defer cancel()
		if err := timer.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	return after, events
}

func TestASchedulesTimes(t *testing.T) {
	const m = time.Minute // a bubble's clock begins at midnight UTC, 2000-01-01
	for _, c := range []struct {
		name  string
		s     Schedule
		every time.Duration
		want  []time.Duration
	}{
		{"a rule's rate", Schedule{Expression: "rate(1 minute)"}, 0, []time.Duration{m, 2 * m, 3 * m}},
		{"a rule's longer rate", Schedule{Expression: "rate(2 minutes)"}, 0, []time.Duration{2 * m}},
		{"a Scheduler's rate", Schedule{Expression: "rate(1 minute)", Scheduler: true}, 0, []time.Duration{0, m, 2 * m, 3 * m}},
		{"a shorter period", Schedule{Expression: "rate(1 day)"}, 70 * time.Second, []time.Duration{70 * time.Second, 140 * time.Second, 210 * time.Second}},
		{"cron", Schedule{Expression: "cron(1,3 * * * ? *)"}, 0, []time.Duration{m, 3 * m}},
		{"cron, another year", Schedule{Expression: "cron(* * * * ? 1999)"}, 0, nil},
		{"at", Schedule{Expression: "at(2000-01-01T00:00:30)", Scheduler: true}, time.Second, []time.Duration{30 * time.Second}},
		{"at, past", Schedule{Expression: "at(1999-12-31T23:59:59)", Scheduler: true}, 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, _ := runFor(t, c.s, c.every, 3*m+m/2); !slices.Equal(got, c.want) {
				t.Errorf("after %v, want %v", got, c.want)
			}
		})
	}
}

func TestTheEventIsTheServices(t *testing.T) {
	const input = `{"at":"<aws.scheduler.scheduled-time>","arn":"<aws.scheduler.schedule-arn>","n":<aws.scheduler.attempt-number>}`
	for _, c := range []struct {
		name string
		s    Schedule
		want map[string]any
	}{
		{"a rule's", Schedule{Name: "S", Expression: "rate(1 minute)"}, map[string]any{
			"version": "0", "detail-type": "Scheduled Event", "source": "aws.events", "account": "000000000000", "time": "2000-01-01T00:01:00Z",
			"region": "us-east-1", "resources": []any{"arn:aws:events:us-east-1:000000000000:rule/S"}, "detail": map[string]any{}}},
		{"a Scheduler's", Schedule{Name: "S", Expression: "cron(1 * * * ? *)", Scheduler: true}, map[string]any{
			"version": "0", "detail-type": "Scheduled Event", "source": "aws.scheduler", "account": "000000000000", "time": "2000-01-01T00:01:00Z",
			"region": "us-east-1", "resources": []any{"arn:aws:scheduler:us-east-1:000000000000:schedule/default/S"}, "detail": "{}"}},
		{"a rule's input", Schedule{Expression: "rate(1 minute)", Input: `{"a":"<aws.scheduler.scheduled-time>"}`},
			map[string]any{"a": "<aws.scheduler.scheduled-time>"}},
		{"a Scheduler's input", Schedule{Name: "S", Expression: "cron(1 * * * ? *)", Scheduler: true, Input: input}, map[string]any{
			"at": "2000-01-01T00:01:00Z", "arn": "arn:aws:scheduler:us-east-1:000000000000:schedule/default/S", "n": 1.0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.s.Function = "F"
			_, events := runFor(t, c.s, 0, time.Minute+time.Second)
			if len(events) != 1 || !strings.HasPrefix(events[0], "F ") {
				t.Fatalf("%q", events)
			}
			var got map[string]any
			if err := json.Unmarshal([]byte(events[0][2:]), &got); err != nil {
				t.Fatal(err)
			}
			if id, own := got["id"].(string); own != (c.s.Input == "") || own && len(id) != 36 {
				t.Errorf("id %v", got["id"])
			}
			delete(got, "id")
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatCannotBeQueuedIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		timer, err := New(Schedule{Name: "S", Function: "F", Expression: "at(2000-01-01T00:00:30)", Scheduler: true}, Options{
			Invoke: func(string, []byte) (string, error) { return "", errors.New("closed") }, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		if err := timer.Run(t.Context()); err != nil || !strings.Contains(log.String(), "schedule=S function=F error=closed") {
			t.Errorf("%v, %s", err, log.String())
		}
	})
}

func TestWhatWasMissedIsNotMadeUpFor(t *testing.T) {
	due := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for expression, want := range map[string]time.Duration{"rate(1 minute)": 11 * time.Minute, "cron(0/5 * * * ? *)": 15 * time.Minute} {
		moments, err := parse(expression, false)
		if err != nil {
			t.Fatal(err)
		}
		if got := moments.after(due, due.Add(10*time.Minute+time.Second)).Sub(due); got != want {
			t.Errorf("%s: after %v, want %v", expression, got, want)
		}
	}
}
