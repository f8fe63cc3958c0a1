package history

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/stream"
)

// past is a log with what was put into it, and a keeper that has kept since a time.
type past struct {
	since    time.Time
	kept     []stream.Topic
	entries  []Entry
	keep     error
	readFail error
}

func (p *past) Keep(_ context.Context, topics []stream.Topic) (time.Time, error) {
	p.kept = append(p.kept, topics...)
	return p.since, p.keep
}

func (p *past) Append(context.Context, Entry) (Entry, error) { return Entry{}, ErrUnavailable }

func (p *past) Read(_ context.Context, topic stream.Topic, after time.Time, consistent bool) ([]Entry, bool, error) {
	var found []Entry
	for _, e := range p.entries {
		if e.Topic == topic && e.At.After(after) && consistent {
			found = append(found, e)
		}
	}
	return found, false, p.readFail
}

const kept = 15 * time.Minute

func TestWhereASubscriptionGoesOn(t *testing.T) {
	bound := Bound{stream.Subscription{Stream: stream.User}, "1"}
	others := Bound{stream.Subscription{Stream: stream.User}, "2"}
	direct := Bound{stream.Subscription{Stream: stream.Direct}, "1"}
	event := func(b Bound, at time.Time) string {
		return b.EventID(Entry{At: at, Writer: "AAAAAAAA", N: 7}, 0)
	}
	position := func(b Bound, made time.Time) string {
		return b.PositionID(Position{After: made.Add(-Lateness), Seen: Seen{}})
	}
	behind := func(b Bound, at time.Time) string { // what a client is told that comes back with an event of that time
		p, err := b.Parse(event(b, at), at)
		if err != nil {
			t.Fatal(err)
		}
		return b.PositionID(p)
	}
	long := -time.Hour
	for name, test := range map[string]struct {
		id    func(now time.Time) string
		since time.Duration // from now
		gap   string
	}{
		"None":                    {func(time.Time) string { return "" }, 0, ""},
		"AnEventOfNow":            {func(now time.Time) string { return event(bound, now) }, long, ""},
		"AnOldEvent":              {func(now time.Time) string { return event(bound, now.Add(-kept)) }, long, ""},
		"TooOldAnEvent":           {func(now time.Time) string { return event(bound, now.Add(-kept-time.Microsecond)) }, long, GapTooOld},
		"AnOldPosition":           {func(now time.Time) string { return behind(bound, now.Add(-kept)) }, long, ""},
		"TooOldAPosition":         {func(now time.Time) string { return behind(bound, now.Add(-kept-time.Microsecond)) }, long, GapTooOld},
		"BehindTheFirstEvent":     {func(now time.Time) string { return behind(bound, now.Add(-time.Minute)) }, -time.Minute, ""},
		"APositionOfTheBeginning": {func(now time.Time) string { return position(bound, now.Add(-time.Minute)) }, -time.Minute, ""},
		"TheFirstEvent":           {func(now time.Time) string { return event(bound, now.Add(-time.Minute)) }, -time.Minute, ""},
		"AWriterWhoseClockIsLate": {func(now time.Time) string { return event(bound, now.Add(-time.Minute-Lateness)) }, -time.Minute, ""},
		"AnEventThatCameLate":     {func(now time.Time) string { return event(bound, now.Add(-time.Minute-Delivery-Lateness)) }, -time.Minute, ""},
		"AnEventFromBefore": {func(now time.Time) string {
			return event(bound, now.Add(-time.Minute-Delivery-Lateness-time.Microsecond))
		}, -time.Minute, GapTooOld},
		"APositionFromBefore": {func(now time.Time) string { return position(bound, now.Add(-5*time.Minute)) }, -time.Minute, GapTooOld},
		"AnotherAccounts":     {func(now time.Time) string { return event(others, now) }, long, GapUnknownID},
		"AnotherStreams":      {func(now time.Time) string { return position(direct, now) }, long, GapUnknownID},
		"OfTheFuture":         {func(now time.Time) string { return event(bound, now.Add(time.Minute)) }, long, GapUnknownID},
		"Garbage":             {func(time.Time) string { return "AAAA" }, long, GapUnknownID},
		"OneLetter":           {func(time.Time) string { return "A" }, long, GapUnknownID},
		"NotEvenASCII":        {func(time.Time) string { return "\xff\x00é" }, long, GapUnknownID},
		"EndlessGarbage":      {func(time.Time) string { return strings.Repeat("A", 1<<20) }, long, GapUnknownID},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				now := time.Now()
				p := &past{since: now.Add(test.since)}
				id := test.id(now)
				start, err := Resumer{p, p, kept, nil}.Resume(t.Context(), bound, id)
				if err != nil || start.Gap != test.gap || len(p.kept) != 2 {
					t.Fatalf("%+v %v, kept %v", start, err, p.kept)
				}
				got, err := bound.Parse(start.From, now)
				want := now.Add(-Lateness).UTC().Truncate(time.Microsecond)
				if id != "" && test.gap == "" {
					p, _ := bound.Parse(id, now)
					want = later(p.After, now.Add(test.since-Lateness).UTC().Truncate(time.Microsecond))
				}
				if err != nil || !got.After.Equal(want) {
					t.Errorf("goes on from %v, want %v, %v", got.After, want, err)
				}
			})
		})
	}
}

// One log of a subscription may have been kept for longer than the other: what it has of before the
// other was kept would come with ids behind which nobody can go on.
func TestNothingIsReadFromBeforeAllLogsWereKept(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	bound := Bound{stream.Subscription{Stream: stream.User}, "1"}
	p := &past{since: now.Add(-20 * time.Second)}
	start, err := Resumer{p, p, kept, nil}.Resume(t.Context(), bound, bound.EventID(Entry{At: now, Writer: "AAAAAAAA", N: 7}, 0))
	if err != nil || start.Gap != "" {
		t.Fatalf("%+v %v", start, err)
	}
	if got, err := bound.Parse(start.From, now); err != nil || !got.After.Equal(p.since.Add(-Lateness)) {
		t.Errorf("goes on from %v, want %v, %v", got.After, p.since.Add(-Lateness), err)
	}
}

func TestASubscriptionWithoutIDHasHadWhatIsThere(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	bound := Bound{stream.Subscription{Stream: stream.User}, "1"}
	p := &past{since: now, entries: []Entry{
		{Topic: stream.AccountTopic("1"), At: now, Writer: "AAAAAAAA", N: 3, Messages: make([]stream.Message, 2)},
		{Topic: stream.EveryoneTopic(), At: now, Writer: "AAAAAAAB", N: 5, Messages: make([]stream.Message, 1)},
	}}
	start, err := Resumer{p, p, kept, nil}.Resume(t.Context(), bound, "")
	if err != nil {
		t.Fatal(err)
	}
	got, err := bound.Parse(start.From, now)
	if err != nil || len(got.Seen) != 2 || got.Seen[Mark{0, "AAAAAAAA"}] != (Progress{N: 3, Messages: 2}) || got.Seen[Mark{1, "AAAAAAAB"}] != (Progress{N: 5, Messages: 1}) {
		t.Errorf("%+v %v", got, err)
	}
}

func TestALogThatCannotBeReadIsNoStart(t *testing.T) {
	bound := Bound{stream.Subscription{Stream: stream.Public}, "1"}
	for _, p := range []*past{{keep: ErrUnavailable}, {readFail: ErrUnavailable}} {
		start, err := Resumer{p, p, kept, nil}.Resume(t.Context(), bound, "garbage")
		if !errors.Is(err, ErrUnavailable) || start != (Start{}) {
			t.Errorf("%+v %v", start, err)
		}
	}
}
