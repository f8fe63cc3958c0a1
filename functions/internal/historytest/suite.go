package historytest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
)

// Run runs the suite. open makes a log; topics of different tests do not overlap, so that logs may
// share what is underneath.
func Run(t *testing.T, open func(t *testing.T) history.Log) {
	for name, test := range map[string]func(*testing.T, history.Log){
		"AnEntryIsReadBackExactly":            exact,
		"ARecordHasOneEntryPerTopic":          oneEntry,
		"ARecordAppendedSideBySideHasOneToo":  oneEntrySideBySide,
		"ReadingBeginsAfterThePlace":          readsAfter,
		"EntriesAreReadByPlace":               byPlace,
		"TopicsAreApart":                      topicsApart,
		"ALogIsReadPageByPage":                pages,
		"NoPageEndsBetweenEntriesOfOnePlace":  onePlace,
		"ALogOfNothingIsEmpty":                empty,
		"WhatTheContextEndsIsUnavailable":     cancelled,
		"WhatIsAppendedIsReadAtOnce":          readYourWrites,
		"HostileTopicsAndRecordsAreKeptApart": hostile,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func exact(t *testing.T, log history.Log) {
	topic, at := topicOf(), start().Add(123457*time.Microsecond)
	e := history.Entry{
		Topic: topic, Record: "7aef1c4e", At: at, Writer: "_-09azAZ", N: 1<<63 + 5, Previous: at.Add(-time.Microsecond),
		Owner: "app#1#ch\"ü", Sequence: strings.Repeat("9", 40),
		Messages: []stream.Message{
			{Topic: topic, Streams: []stream.Name{stream.List, stream.User}, Event: "update", Payload: []byte("{ \"a\":\"\\u0000\u2028é\" }\n")},
			{Topic: topic, Streams: []stream.Name{stream.User}, Event: "status.update", Payload: []byte("{ \"a\":\"\\u0000\u2028é\" }\n"), Exact: true},
			{Topic: topic, Streams: []stream.Name{stream.List}, Event: "filters_changed", Part: 1},
			{Topic: topic, Streams: []stream.Name{stream.List}, Event: "empty", Payload: []byte{}, Part: 1},
			{Topic: topic, Streams: []stream.Name{stream.List}, Event: "no text", Payload: []byte{0xff, 0, 0xfe}, Part: 2},
			{Topic: topic, Event: "_close", Payload: []byte("reader 1"), Part: 3},
		},
	}
	first := e
	first.Record, first.At, first.N, first.Previous, first.Owner, first.Sequence = "first", at.Add(time.Microsecond), 1, time.Time{}, "", ""
	stored := []history.Entry{add(t, log, e), add(t, log, first)}
	same(t, stored, []history.Entry{e, first})
	found, _ := all(t, log, topic, at.Add(-time.Second))
	same(t, found, []history.Entry{e, first})
}

func oneEntry(t *testing.T, log history.Log) {
	topic, other, at := topicOf(), topicOf(), start()
	first := add(t, log, entryOf(topic, 1, at))
	again := entryOf(topic, 2, at.Add(time.Second))
	again.Record = first.Record
	same(t, []history.Entry{add(t, log, again)}, []history.Entry{first})
	again.Topic, again.Messages[0].Topic = other, other
	same(t, []history.Entry{add(t, log, again)}, []history.Entry{again})
	found, _ := all(t, log, topic, time.Time{})
	same(t, found, []history.Entry{first})
}

func oneEntrySideBySide(t *testing.T, log history.Log) {
	topic, at := topicOf(), start()
	stored := make([]history.Entry, 16)
	var wg sync.WaitGroup
	for i := range stored {
		wg.Go(func() {
			e := entryOf(topic, i+1, at.Add(time.Duration(i)*time.Millisecond))
			e.Record = "one"
			stored[i] = add(t, log, e)
		})
	}
	wg.Wait()
	found, _ := all(t, log, topic, at.Add(-time.Second))
	if len(found) != 1 {
		t.Fatalf("%d entries", len(found))
	}
	same(t, stored, slices.Repeat(found, len(stored)))
}

func readsAfter(t *testing.T, log history.Log) {
	topic, at := topicOf(), start()
	first, second := add(t, log, entryOf(topic, 1, at)), add(t, log, entryOf(topic, 2, at.Add(time.Microsecond)))
	for _, tt := range []struct {
		after time.Time
		want  []history.Entry
	}{
		{time.Time{}, []history.Entry{first, second}},
		{at.Add(-time.Microsecond), []history.Entry{first, second}},
		{at.Add(-time.Nanosecond), []history.Entry{first, second}},
		{at, []history.Entry{second}},
		{at.Add(time.Nanosecond), []history.Entry{second}},
		{at.Add(time.Microsecond), nil},
		{at.Add(time.Hour), nil},
	} {
		found, _ := all(t, log, topic, tt.after)
		same(t, found, tt.want)
	}
}

func byPlace(t *testing.T, log history.Log) {
	topic, at := topicOf(), start()
	want := make([]history.Entry, 20)
	for i := range want {
		n := i * 7 % len(want)
		want[n] = add(t, log, entryOf(topic, n+1, at.Add(time.Duration(n)*time.Microsecond)))
	}
	found, _ := all(t, log, topic, time.Time{})
	same(t, found, want)
}

func topicsApart(t *testing.T, log history.Log) {
	list, at := topicOf(), start()
	topics := []stream.Topic{list, stream.AccountTopic(list.ID), stream.ListTopic(list.ID + "0"), {Kind: "hashtag", ID: list.ID}}
	for i, topic := range topics {
		add(t, log, entryOf(topic, i+1, at))
	}
	for i, topic := range topics {
		found, _ := all(t, log, topic, time.Time{})
		same(t, found, []history.Entry{entryOf(topic, i+1, at)})
	}
}

func pages(t *testing.T, log history.Log) {
	topic, at := topicOf(), start()
	var want []history.Entry
	for i := range 30 {
		e := entryOf(topic, i+1, at.Add(time.Duration(i)*time.Second))
		e.Messages[0].Payload = fmt.Append(nil, i, strings.Repeat("x", 100_000))
		want = append(want, add(t, log, e))
	}
	found, n := all(t, log, topic, time.Time{})
	same(t, found, want)
	if n < 2 {
		t.Errorf("%d page", n)
	}
}

func onePlace(t *testing.T, log history.Log) {
	topic, at := topicOf(), start()
	seen := map[string]bool{}
	for i := range 30 {
		e := entryOf(topic, i+1, at.Add(time.Duration(i/15)*time.Second))
		e.Messages[0].Payload = fmt.Append(nil, i, strings.Repeat("x", 100_000))
		add(t, log, e)
	}
	found, n := all(t, log, topic, time.Time{})
	for _, e := range found {
		seen[e.Record] = true
	}
	if len(found) != 30 || len(seen) != 30 || n < 2 {
		t.Errorf("%d entries, %d different, %d pages", len(found), len(seen), n)
	}
}

func empty(t *testing.T, log history.Log) {
	found, more, err := log.Read(t.Context(), topicOf(), time.Now().Add(-history.Lateness), false)
	if len(found) != 0 || more || err != nil {
		t.Errorf("%v, %v, %v", found, more, err)
	}
}

func cancelled(t *testing.T, log history.Log) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	topic := topicOf()
	if _, err := log.Append(ctx, entryOf(topic, 1, start())); !errors.Is(err, history.ErrUnavailable) {
		t.Errorf("Append: %v", err)
	}
	if _, _, err := log.Read(ctx, topic, time.Time{}, true); !errors.Is(err, history.ErrUnavailable) {
		t.Errorf("Read: %v", err)
	}
	if found, _ := all(t, log, topic, time.Time{}); len(found) != 0 {
		t.Errorf("appended: %v", found)
	}
}

func readYourWrites(t *testing.T, log history.Log) {
	topic, at := topicOf(), start()
	for i := range 20 {
		e := add(t, log, entryOf(topic, i+1, at.Add(time.Duration(i)*time.Second)))
		found, _ := all(t, log, topic, e.Previous)
		same(t, found, []history.Entry{e})
	}
}

func hostile(t *testing.T, log history.Log) {
	at := start()
	id := topicOf().ID
	for _, name := range []string{"/", "#", "\u202e", strings.Repeat("ü", 900), "log#list/", "\"}"} {
		topic := stream.ListTopic(id + name)
		e := entryOf(topic, 1, at)
		e.Record = "x#" + strings.ToValidUTF8(name[:1], "?")
		same(t, []history.Entry{add(t, log, e)}, []history.Entry{e})
		found, _ := all(t, log, topic, time.Time{})
		same(t, found, []history.Entry{e})
	}
}
