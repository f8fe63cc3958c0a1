package historytest

import (
	"fmt"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
)

var serial atomic.Int64

// topicOf is a topic that no other test uses.
func topicOf() stream.Topic {
	return stream.ListTopic(fmt.Sprintf("%d-%d", serial.Add(1), time.Now().UnixNano()))
}

// start is a moment ago, so that a log that forgets keeps it.
func start() time.Time { return time.Now().UTC().Truncate(time.Second) }

func entryOf(topic stream.Topic, n int, at time.Time) history.Entry {
	return history.Entry{
		Topic: topic, Record: fmt.Sprintf("record%d", n), At: at, Writer: "AAAAAAAA", N: uint64(n), Previous: at.Add(-time.Microsecond),
		Owner: "1", Sequence: fmt.Sprint(1000 + n),
		Messages: []stream.Message{{Topic: topic, Streams: []stream.Name{stream.List}, Event: "update", Payload: fmt.Appendf(nil, `{"id":"%d"}`, n)}},
	}
}

func add(t testing.TB, log history.Log, e history.Entry) history.Entry {
	t.Helper()
	stored, err := log.Append(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

// all is everything behind the place, read page by page.
func all(t testing.TB, log history.Log, topic stream.Topic, after time.Time) (found []history.Entry, pages int) {
	t.Helper()
	for more := true; more; pages++ {
		var page []history.Entry
		var err error
		page, more, err = log.Read(t.Context(), topic, after, true)
		if err != nil || more && len(page) == 0 {
			t.Fatalf("%d entries, more %v, %v", len(page), more, err)
		}
		if found = append(found, page...); len(page) > 0 {
			after = page[len(page)-1].At
		}
	}
	return found, pages
}

func same(t testing.TB, got, want []history.Entry) {
	t.Helper()
	if reflect.DeepEqual(got, want) {
		return // cmp takes a second for a megabyte
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}
