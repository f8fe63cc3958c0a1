package publish

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/viewer"
)

// accounts is what accounts filter.
type accounts struct {
	data  map[string]viewer.Data
	asked [][]viewer.Key
	// unread are the accounts that cannot be read.
	unread []string
}

func (a *accounts) Get(_ context.Context, wanted []viewer.Key) (map[viewer.Key]*viewer.Viewer, error) {
	a.asked = append(a.asked, slices.Clone(wanted))
	got := map[viewer.Key]*viewer.Viewer{}
	var err error
	for _, key := range wanted {
		if slices.Contains(a.unread, key.Account) {
			err = errOdd
			continue
		}
		got[key] = viewer.New(a.data[key.Account])
	}
	return got, err
}

// filters gives the listener's account something that it filters.
func (w *world) filters(l *stream.Listener, d viewer.Data) {
	if w.viewers.data == nil {
		w.viewers.data = map[string]viewer.Data{}
	}
	w.viewers.data[l.Account] = d
	l.Viewer = viewer.New(d).Version()
}

func blocking(account string) viewer.Data { return viewer.Data{Blocks: []string{account}} }

func filtering(word string) viewer.Data {
	return viewer.Data{Filters: []viewer.Filter{{ID: "7", Title: word, Keywords: []viewer.Keyword{{Keyword: word}}}}}
}

var (
	public = stream.Subscription{Stream: stream.Public}
	list   = stream.Subscription{Stream: stream.List, Param: "12"}
)

// post is a public status of the author, also shown to homes and on list 12.
func post(n int, author, text string, homes ...string) stream.Change {
	payload := fmt.Sprintf(`{"id":"%d","visibility":"public","account":{"id":"%s"},"content":"%s"}`, n, author, text)
	return record(n, author, "status", payload, func(i *stream.Item) { i.Home, i.Lists = homes, []string{"12"} })
}

func payloadOf(c stream.Change, filtered string) string {
	p := string(c.New.Payload)
	if filtered == "" {
		return p
	}
	return p[:len(p)-1] + `,"filtered":` + filtered + "}"
}

func TestWhatAnAccountBlocksIsNotShownToItInPublic(t *testing.T) {
	w := newWorld(t)
	w.listen("plain", "1", public)
	w.filters(w.listen("blocks", "2", public), blocking("9"))
	w.filters(w.user("home", "2"), blocking("9"))
	bad, good := post(1, "9", "x", "2"), post(2, "8", "x", "2")
	gone := stream.Change{EventID: "event3", Sequence: "3", Owner: "9", Old: bad.New}
	wantFailed(t, w.publisher(Config{}).Publish(t.Context(), []stream.Change{bad, good, gone}))
	w.want("plain", "public update "+payloadOf(bad, ""), "public update "+payloadOf(good, ""), "public delete 1")
	w.want("blocks", "public update "+payloadOf(good, ""), "public delete 1")
	w.want("home", "user update "+payloadOf(bad, ""), "user update "+payloadOf(good, ""), "user delete 1")
	if got := w.last(); got.Filtered != 1 || got.Annotated != 0 || got.Deliveries != 8 {
		t.Errorf("tally %+v", got)
	}
	if len(w.viewers.asked) != 1 || len(w.viewers.asked[0]) != 1 {
		t.Errorf("asked %v", w.viewers.asked)
	}
}

func TestMatchesOfFiltersAreSaidAndSharedWhereTheyAreEqual(t *testing.T) {
	w := newWorld(t)
	spoils := filtering("spoiler")
	for i, s := range []stream.Subscription{public, list, {Stream: stream.User}} {
		w.filters(w.listen(fmt.Sprint("a", i), "1", s), spoils)
		w.filters(w.listen(fmt.Sprint("b", i), "2", s), spoils)
		w.listen(fmt.Sprint("c", i), "3", s)
	}
	matching, other := post(1, "9", "a spoiler", "1", "2", "3"), post(2, "9", "x", "1", "2", "3")
	wantFailed(t, w.publisher(Config{}).Publish(t.Context(), []stream.Change{matching, other}))
	s, err := viewer.ReadStatus(matching.New.Payload)
	if err != nil {
		t.Fatal(err)
	}
	result := string(viewer.New(spoils).Judge(s, matching.At).Filtered)
	for i, name := range []string{"public", "list#12", "user"} {
		for _, c := range []string{"a", "b"} {
			w.want(fmt.Sprint(c, i), name+" update "+payloadOf(matching, result), name+" update "+payloadOf(other, "[]"))
		}
		w.want(fmt.Sprint("c", i), name+" update "+payloadOf(matching, ""), name+" update "+payloadOf(other, ""))
	}
	if w.encoded != 12 || w.last().Annotated != 12 || w.last().Filtered != 0 {
		t.Errorf("%d encodings, tally %+v", w.encoded, w.last())
	}
}

func TestViewersAreReadOnceABatchAndOnlyIfThereIsAStatusToShow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for i := range 100 {
			if l := w.listen(fmt.Sprint("c", i), fmt.Sprint(i/2), public); i%4 < 2 {
				w.filters(l, blocking("x"))
			}
		}
		p := w.publisher(Config{})
		wantFailed(t, p.Publish(t.Context(), []stream.Change{post(1, "9", "x"), post(2, "9", "y"), post(3, "8", "z")}))
		if len(w.viewers.asked) != 1 || len(w.viewers.asked[0]) != 25 || w.last().Deliveries != 300 {
			t.Errorf("asked %v, tally %+v", w.viewers.asked, w.last())
		}
		gone := stream.Change{EventID: "event4", Sequence: "4", Owner: "9", Old: post(1, "9", "x").New}
		wantFailed(t, p.Publish(t.Context(), []stream.Change{gone}))
		if len(w.viewers.asked) != 1 || w.last().Deliveries != 100 {
			t.Errorf("asked %v, tally %+v", w.viewers.asked, w.last())
		}
	})
}

func TestNothingIsShownToAViewerOfWhomNothingIsKnown(t *testing.T) {
	w := newWorld(t)
	w.listen("plain", "1", public)
	w.filters(w.listen("known", "2", public), blocking("8"))
	w.filters(w.listen("unknown", "3", public), blocking("9"))
	w.viewers.unread = []string{"3"}
	p := w.publisher(Config{Posts: 1})
	gone := stream.Change{EventID: "event1", Sequence: "1", Owner: "7", Old: post(1, "7", "x").New}
	second, third := post(2, "8", "x"), post(3, "9", "x")
	batch := []stream.Change{gone, second, third, say(4, "z", "1")}
	wantFailed(t, p.Publish(t.Context(), batch), "2", "3")
	w.want("unknown", "public delete 1")
	w.want("plain", "public delete 1", "public update "+payloadOf(second, ""), "public update "+payloadOf(third, ""))
	w.want("known", "public delete 1", "public update "+payloadOf(third, ""))
	if !strings.Contains(w.logs.String(), errOdd.Error()) {
		t.Errorf("logs %s", &w.logs)
	}
	w.viewers.unread = nil
	wantFailed(t, p.Publish(t.Context(), batch[1:]))
	w.want("unknown", "public delete 1", "public update "+payloadOf(second, ""))
	if len(w.got["plain"]) != 3 || len(w.got["known"]) != 2 {
		t.Errorf("got %q", w.got)
	}
}

func TestWhatIsNoStatusIsHiddenInPublicFromThoseWhoFilter(t *testing.T) {
	w := newWorld(t)
	w.listen("plain", "1", public)
	w.filters(w.listen("filters", "2", public), blocking("9"))
	w.filters(w.listen("list", "2", list), blocking("9"))
	odd := record(1, "x", "broadcast", "no status", func(i *stream.Item) {
		i.Event, i.Topics = "update", []stream.Target{{Stream: stream.Public}, {Stream: stream.List, List: "12"}}
	})
	wantFailed(t, w.publisher(Config{}).Publish(t.Context(), []stream.Change{odd}))
	w.want("plain", "public update no status")
	w.want("filters")
	w.want("list", "list#12 update no status")
	if w.last().Filtered != 1 || !strings.Contains(w.logs.String(), "event1") {
		t.Errorf("tally %+v, logs %s", w.last(), &w.logs)
	}
}

func TestAnAccountThatFiltersNothingAnyMoreGetsTheSharedFrame(t *testing.T) {
	w := newWorld(t)
	l := w.listen("a", "1", public)
	w.filters(l, filtering("spoiler"))
	w.viewers.data["1"] = viewer.Data{}
	c := post(1, "9", "a spoiler")
	wantFailed(t, w.publisher(Config{}).Publish(t.Context(), []stream.Change{c}))
	w.want("a", "public update "+payloadOf(c, ""))
}

func TestManyResultsOfFiltersDoNotTakeThePlacesOfOthers(t *testing.T) {
	var f frames
	m := stream.Message{Event: "update", Payload: []byte(`{}`)}
	encode := func(_ stream.Subscription, m stream.Message) []byte { return m.Payload }
	for i := range 10 * maxFrames {
		results := fmt.Appendf(nil, "[%d]", i)
		if got, want := string(f.get(&public, results, &m, encode)), fmt.Sprintf(`{"filtered":[%d]}`, i); got != want {
			t.Fatalf("frame %s, want %s", got, want)
		}
	}
	for range 2 {
		f.get(&public, nil, &m, encode)
		f.get(&public, []byte("[]"), &m, encode)
	}
	if common, matched := len(*f.common.known.Load()), len(*f.matched.known.Load()); common != 2 || matched != maxFrames {
		t.Errorf("%d and %d frames kept", common, matched)
	}
}
