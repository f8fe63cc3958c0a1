package history_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
)

// itemOf is an item from "owner sequence writer n place".
func itemOf(text string) (i history.Item) {
	var place int64
	if _, err := fmt.Sscan(text, &i.Owner, &i.Sequence, &i.Writer, &i.N, &place); err != nil {
		panic(err)
	}
	i.Record, i.At = i.Owner+i.Sequence, time.UnixMicro(place)
	return i
}

func TestMergeDelaysWhatIsOutOfOrder(t *testing.T) {
	for name, tt := range map[string]struct{ items, want string }{
		"places alone":                          {"x 1 A 1 5, y 2 B 1 3, z 3 C 1 4", "y2 z3 x1"},
		"an owner's second record placed first": {"x 9 A 1 5, x 10 B 1 3, z 3 C 1 4", "z3 x9 x10"},
		"a writer's second entry placed first":  {"x 1 A 1 5, y 2 A 2 3, z 3 C 1 4", "z3 x1 y2"},
		"an owner and a writer":                 {"x 9 A 1 5, x 10 B 1 1, y 1 B 2 2, z 3 C 1 4", "z3 x9 x10 y1"},
		"a contradiction goes by place":         {"x 1 A 2 3, x 2 A 1 2, z 3 C 1 4", "z3 x2 x1"},
		"nothing":                               {"", ""},
	} {
		var items []history.Item
		for _, text := range strings.Split(tt.items, ",") {
			if text != "" {
				items = append(items, itemOf(text))
			}
		}
		var got []string
		for _, i := range history.Merge(items) {
			got = append(got, i.Record)
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %v, want %s", name, got, tt.want)
		}
	}
}

func TestMergeLeavesLogsOfOneWriterApart(t *testing.T) {
	first, second := itemOf("x 1 A 2 5"), itemOf("y 1 A 1 7")
	second.Log = 1
	if got := history.Merge([]history.Item{second, first}); got[0].Record != "x1" {
		t.Error(got)
	}
}

// appended draws a log as skewed writers may have made it, in the order of the appends.
func appended(r *rapid.T) (items []history.Item) {
	skews := rapid.SliceOfN(rapid.IntRange(-4000, 4000), 1, 4).Draw(r, "skews")
	places, numbers := make([]int, len(skews)), make([]uint64, len(skews))
	for i := range rapid.IntRange(0, 30).Draw(r, "entries") {
		w := rapid.IntRange(0, len(skews)-1).Draw(r, "writer")
		places[w] = max(places[w]+1, 10_000+100*i+skews[w])
		numbers[w]++
		items = append(items, itemOf(fmt.Sprint(rapid.SampledFrom([]string{"x", "y", "z"}).Draw(r, "owner"), " ", 90+i, " ", w, " ", numbers[w], " ", places[w])))
	}
	return items
}

func TestMergeKeepsOwnersAndWritersInOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		items := appended(r)
		got := history.Merge(rapid.Permutation(items).Draw(r, "read"))
		if len(got) != len(items) {
			r.Fatalf("%d of %d", len(got), len(items))
		}
		position := map[string]int{}
		for i, item := range got {
			position[item.Record] = i
		}
		for i, a := range items {
			for _, b := range items[i+1:] {
				if (a.Owner == b.Owner || a.Writer == b.Writer) && position[a.Record] > position[b.Record] {
					r.Errorf("%s is after %s in %v", a.Record, b.Record, got)
				}
			}
		}
		onlyDelayed(r, items, got)
	})
}

// onlyDelayed fails if an item stands before one of an earlier place that needed not wait for it or
// for what it waited for: the first of those that may come next by place must be taken.
func onlyDelayed(r *rapid.T, appended, got []history.Item) {
	free := func(item history.Item, left []history.Item) bool {
		for _, before := range appended {
			if before.Record == item.Record {
				return true
			}
			if (before.Owner == item.Owner || before.Writer == item.Writer) && slices.ContainsFunc(left, func(i history.Item) bool { return i.Record == before.Record }) {
				return false
			}
		}
		return true
	}
	for i := range got {
		for _, other := range got[i+1:] {
			if other.At.Before(got[i].At) && free(other, got[i:]) {
				r.Errorf("%s is put before %s", got[i].Record, other.Record)
			}
		}
	}
}

func TestMergeOfContradictionsLosesNothing(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var items []history.Item
		for i := range rapid.IntRange(0, 12).Draw(r, "entries") {
			n := func(what string) int { return rapid.IntRange(0, 3).Draw(r, what) }
			item := itemOf(fmt.Sprint("o", n("owner"), " ", n("sequence"), " w", n("writer"), " ", n("n"), " ", n("place")))
			item.Record, item.Log = fmt.Sprint(i), n("log")
			items = append(items, item)
		}
		seen := map[string]bool{}
		for _, item := range history.Merge(items) {
			seen[item.Record] = true
		}
		if len(seen) != len(items) {
			r.Errorf("%d of %d", len(seen), len(items))
		}
	})
}

func TestAListenerHearsTheFirstOfEachPart(t *testing.T) {
	message := func(part int, event string, streams ...stream.Name) stream.Message {
		return stream.Message{Streams: streams, Event: event, Part: part}
	}
	e := history.Entry{Messages: []stream.Message{
		message(0, "_close", stream.User), message(0, "a", stream.Direct), message(0, "b", stream.User),
		message(0, "c", stream.UserNotification), message(1, "_viewer"), message(2, "d", stream.UserNotification, stream.User), message(3, "e", stream.UserNotification),
	}}
	for _, tt := range []struct {
		listener stream.Listener
		want     []int
	}{
		{stream.Listener{Subscription: stream.Subscription{Stream: stream.User}}, []int{2, 5}},
		{stream.Listener{Subscription: stream.Subscription{Stream: stream.User}, Notifications: true}, []int{2, 5, 6}},
		{stream.Listener{Subscription: stream.Subscription{Stream: stream.UserNotification}}, []int{3, 5, 6}},
		{stream.Listener{Subscription: stream.Subscription{Stream: stream.Public}}, nil},
	} {
		if got := history.Heard(tt.listener, e); !slices.Equal(got, tt.want) {
			t.Errorf("%v: %v, want %v", tt.listener.Subscription, got, tt.want)
		}
	}
}
