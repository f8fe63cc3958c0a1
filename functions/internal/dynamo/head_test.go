package dynamo

import (
	"sync"
	"testing"
	"time"

	"edgestream/functions/internal/stream"
)

// keeper is a store on the embedded engine, whose units are counted and whose clock is set.
func keeper(t *testing.T) (c *Connections, m *meter, clock *time.Time) {
	t.Helper()
	t.Setenv("DYNAMODB_ENDPOINT", "")
	c, m, clock = newConnections(t, Limits{}), new(meter), new(time.Time)
	*clock = time.UnixMilli(1_800_000_000_000).UTC()
	c.now = func() time.Time { return *clock }
	c.Meter(m.add)
	return c, m, clock
}

// keeps fails unless Keep spends so much and says that the topics have been kept since then.
func keeps(t *testing.T, c *Connections, m *meter, name string, read, write float64, since time.Time, topics ...stream.Topic) {
	t.Helper()
	m.spends(t, name, int(2*read+write), read, write, func() error {
		got, err := c.Keep(t.Context(), topics)
		if !got.Equal(since) {
			t.Errorf("%s: since %v, want %v", name, got, since)
		}
		return err
	})
}

func TestATopicsHeadIsWrittenOnceInTwoHours(t *testing.T) {
	c, m, clock := keeper(t)
	began := *clock
	for name, topic := range map[string]stream.Topic{
		"account": stream.AccountTopic("1"), "tag": stream.HashtagTopic("cats"), "public": stream.PublicTopic(), "everyone": stream.EveryoneTopic(),
	} {
		*clock = began
		keeps(t, c, m, name, 0.5, 1, began, topic)
		for range 12 {
			*clock = clock.Add(12*time.Minute + 29*time.Second)
			keeps(t, c, m, name+" again", 0.5, 0, began, topic)
		}
		*clock = began.Add(2*time.Hour + 30*time.Minute)
		keeps(t, c, m, name+" renewed", 0.5, 1, began, topic)
		*clock = clock.Add(headFor - clocks)
		keeps(t, c, m, name+" too late", 0.5, 1, *clock, topic)
	}
}

func TestKeptOfSeveralTopicsIsSinceTheLast(t *testing.T) {
	c, m, clock := keeper(t)
	user := stream.Subscription{Stream: stream.User}.Logs("1")
	keeps(t, c, m, "everyone", 0.5, 1, *clock, stream.EveryoneTopic())
	*clock = clock.Add(time.Hour)
	keeps(t, c, m, "user", 1, 1, *clock, user...)
	if since, err := c.Keep(t.Context(), nil); err != nil || !since.IsZero() {
		t.Errorf("%v, %v", since, err)
	}
}

func TestAHeadEndsForPublishers(t *testing.T) {
	c, _, clock := keeper(t)
	topics := []stream.Topic{stream.AccountTopic("1"), stream.HashtagTopic("cats"), stream.PublicTopic(), stream.EveryoneTopic()}
	if _, err := c.Keep(t.Context(), topics); err != nil {
		t.Fatal(err)
	}
	*clock = clock.Add(headFor - time.Millisecond)
	found, err := c.Listeners(t.Context(), topics)
	if err != nil || len(found) != len(topics) {
		t.Errorf("%v, %v", found, err)
	}
	for topic, audience := range found {
		if !audience.Kept || len(audience.Listeners) != 0 {
			t.Errorf("%v: %v", topic, audience)
		}
	}
	*clock = clock.Add(time.Millisecond)
	if found, err := c.Listeners(t.Context(), topics); err != nil || len(found) != 0 {
		t.Errorf("%v, %v", found, err)
	}
}

func TestOfManyWhoKeepATopicOneWritesIt(t *testing.T) {
	c, m, clock := keeper(t)
	began := *clock
	for _, topic := range []stream.Topic{stream.AccountTopic("1"), stream.HashtagTopic("cats")} {
		for _, later := range []time.Duration{0, 3 * time.Hour} {
			*clock = began.Add(later)
			m.reset()
			var wg sync.WaitGroup
			for range 16 {
				wg.Go(func() {
					if since, err := c.Keep(t.Context(), []stream.Topic{topic}); err != nil || !since.Equal(began) {
						t.Errorf("%v after %v: since %v, %v", topic, later, since, err)
					}
				})
			}
			wg.Wait()
			if m.write != 1 {
				t.Errorf("%v after %v: %v units written", topic, later, m.write)
			}
		}
	}
}
