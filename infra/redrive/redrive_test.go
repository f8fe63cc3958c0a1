package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestARecordIsShownAndNothingIsChanged(t *testing.T) {
	w := newWorld(t)
	raw := w.put("2", "status#1", "secret")
	id := w.report(string(raw), "attribute kind is N, not S")
	out := w.redrive()
	has(t, out, id, "a record, INSERT in Content", "s old", "owner=2", "id=status#1", "kind=status", "reason: attribute kind is N, not S",
		"--apply would publish it again", "Nothing was changed")
	if len(w.left(failures)) != 1 || len(w.events) != 0 || strings.Contains(out, "secret") {
		t.Errorf("%d messages, %d invocations, shown:\n%s", len(w.left(failures)), len(w.events), out)
	}
}

func TestARecordIsGivenToItsFunctionAsItWasUnderANewID(t *testing.T) {
	w := newWorld(t)
	raw := w.put("2", "status#1", "<x>")
	was, _ := parseRecord(raw)
	id := w.report(string(raw), "unknown kind")
	has(t, w.redrive("--apply"), "done")
	want := strings.Replace(string(raw), was.EventID, was.EventID+"-"+id, 1)
	if len(w.raw) != 1 || w.raw[0] != `{"Records":[`+want+`]}` {
		t.Errorf("invoked with %q, want %s", w.raw, want)
	}
	if left := w.left(failures); len(left) != 0 {
		t.Errorf("left %q", left)
	}
}

func TestAnOldRecordDoesNotBringBackWhatHasChanged(t *testing.T) {
	for name, change := range map[string]func(w *world) json.RawMessage{
		"changed since": func(w *world) json.RawMessage { r := w.put("2", "a", "old"); w.put("2", "a", "new"); return r },
		"removed since": func(w *world) json.RawMessage { r := w.put("2", "a", "old"); w.remove("2", "a"); return r },
		"made again": func(w *world) json.RawMessage {
			w.put("2", "a", "old")
			r := w.remove("2", "a")
			w.put("2", "a", "old")
			return r
		},
		"changed, twice": func(w *world) json.RawMessage {
			w.put("2", "a", "1")
			r := w.put("2", "a", "2")
			w.put("2", "a", "3")
			return r
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.report(string(change(w)), "x")
			has(t, w.redrive(), "the item has changed since")
			if len(w.left(failures)) != 1 {
				t.Fatal("the message is gone without --apply")
			}
			w.redrive("--apply")
			if len(w.events) != 0 || len(w.left(failures)) != 0 {
				t.Errorf("%d invocations, %d messages left", len(w.events), len(w.left(failures)))
			}
		})
	}
}

func TestARemovalIsPublishedWhileTheItemIsAway(t *testing.T) {
	w := newWorld(t)
	w.put("2", "a", "x")
	w.report(string(w.remove("2", "a")), "x")
	has(t, w.redrive("--apply"), "REMOVE in Content", "done")
	if len(w.events) != 1 {
		t.Errorf("%d invocations", len(w.events))
	}
}

func TestAnItemThatChangesMeanwhileIsPublishedAsItIs(t *testing.T) {
	w := newWorld(t)
	raw := w.put("2", "a", "1")
	w.report(string(raw), "x")
	n := 0
	w.answer = func(string) (string, bool) {
		switch n++; n {
		case 1:
			w.put("2", "a", "2")
		case 2:
			w.remove("2", "a")
		}
		return `{"batchItemFailures":[]}`, false
	}
	has(t, w.redrive("--apply"), "the item has changed just now", "done")
	var names []string
	for _, text := range w.raw {
		var event struct{ Records []record }
		if err := json.Unmarshal([]byte(text), &event); err != nil || len(event.Records) != 1 || event.Records[0].Stream != w.stream {
			t.Fatalf("%v in %s", err, text)
		}
		r := event.Records[0]
		names = append(names, fmt.Sprint(r.EventName, r.DynamoDB.Old["payload"], r.DynamoDB.New["payload"]))
	}
	want := []string{"INSERT<nil> map[S:1]", "MODIFYmap[S:1] map[S:2]", "REMOVEmap[S:2] <nil>"}
	if !slices.Equal(names, want) {
		t.Errorf("published %q, want %q", names, want)
	}
}

func TestAMessageStaysUntilItsRecordIsPublished(t *testing.T) {
	for name, answer := range map[string]struct {
		text   string
		failed bool
	}{
		"the function fails": {`{"errorMessage":"no table"}`, true},
		"the record fails":   {`{"batchItemFailures":[{"itemIdentifier":"1"}]}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.report(string(w.put("2", "a", "1")), "x")
			w.report(string(w.put("3", "a", "1")), "y")
			first := true
			w.answer = func(string) (string, bool) {
				if first {
					first = false
					return answer.text, answer.failed
				}
				return `{"batchItemFailures":[]}`, false
			}
			has(t, w.ends(errUnmended, "--apply"), "not done, and kept", "done", "\n1 mended, 0 came back, 1 not done\n")
			if left := w.left(failures); len(left) != 1 || !strings.Contains(left[0], `"2"`) {
				t.Errorf("left %q", left)
			}
		})
	}
}

func TestWhatStillDoesNotFitComesBackAndIsSaid(t *testing.T) {
	w := newWorld(t)
	raw := w.put("2", "a", "1")
	w.report(string(raw), "unknown kind")
	w.answer = func(string) (string, bool) {
		var event struct{ Records []json.RawMessage }
		_ = json.Unmarshal([]byte(w.raw[0]), &event)
		if len(w.raw) == 1 {
			w.report(string(event.Records[0]), "unknown kind still")
		}
		return `{"batchItemFailures":[]}`, false
	}
	w.report(string(w.put("3", "b", "1")), "no table")
	out := w.ends(errUnmended, "--apply")
	has(t, out, "has come back", "unknown kind still")
	if !strings.HasSuffix(out, "\n1 mended, 1 came back\n") {
		t.Errorf("ends otherwise:\n%s", out)
	}
	if len(w.left(failures)) != 1 {
		t.Error("the new message is not there")
	}
}

func TestMessagesAreChosenByTheirIDs(t *testing.T) {
	w := newWorld(t)
	w.report(string(w.put("2", "a", "x")), "x")
	id := w.report(string(w.put("2", "b", "x")), "x")
	w.redrive("--apply", "--id", id[:12])
	if left := w.left(failures); len(left) != 1 || len(w.events) != 1 || !strings.Contains(w.raw[0], `"b"`) {
		t.Errorf("left %q, published %q", left, w.raw)
	}
}

func TestManyMessagesAreAllSeen(t *testing.T) {
	w := newWorld(t)
	for i := range 25 {
		w.report(string(w.put("2", fmt.Sprint(i), "x")), "x")
	}
	has(t, w.redrive(), "25 message(s)")
	has(t, w.redrive("--apply"), "25 message(s)")
	if len(w.left(failures)) != 0 || len(w.events) != 25 || !slices.IsSortedFunc(w.raw, func(a, b string) int { return strings.Compare(sequence(a), sequence(b)) }) {
		t.Errorf("%d left, %d invocations", len(w.left(failures)), len(w.events))
	}
}

func sequence(event string) string {
	var e struct{ Records []record }
	_ = json.Unmarshal([]byte(event), &e)
	return e.Records[0].DynamoDB.Sequence
}

func TestTheFunctionMustBeKnown(t *testing.T) {
	for readers, want := range map[int]string{0: "no function reads arn:", 2: "several functions read arn:"} {
		w := newWorld(t)
		w.readers = readers
		w.report(string(w.put("2", "a", "x")), "x")
		has(t, w.ends(errUnmended, "--apply"), want, "--function", "\n0 mended, 0 came back, 1 not done\n")
		w.redrive("--apply", "--function", "Publish")
		if len(w.events) != 1 || len(w.left(failures)) != 0 {
			t.Errorf("%d readers: %d invocations, %d left", readers, len(w.events), len(w.left(failures)))
		}
	}
}

func TestFlagsThatDoNotFitAreRefused(t *testing.T) {
	for name, args := range map[string][]string{
		"--queue-url is missing": {}, "one of them": {"--queue-url", "u", "--apply", "--discard"},
		"unknown argument": {"--queue-url", "u", "x"}, "want 1 or more": {"--queue-url", "u", "--most", "0"},
		"--queue-url None: want the queue's URL": {"--queue-url", "None"},
	} {
		if err := run(t.Context(), args, &bytes.Buffer{}, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%q: %v", args, err)
		}
	}
	var help bytes.Buffer
	if err := run(t.Context(), []string{"--help"}, &help, &help); !errors.Is(err, flag.ErrHelp) {
		t.Error(err)
	}
	has(t, help.String(), "--apply", "--discard", "FailureQueueUrl", "http://127.0.0.1:3001")
}

func TestAKeyThatMayBeACredentialsHashIsNotShown(t *testing.T) {
	hash := strings.Repeat("0123456789abcdef", 4)
	r, ok := parseRecord([]byte(`{"eventSourceARN":"arn:aws:dynamodb:us-east-1:1:table/Accounts/stream/L","dynamodb":{"SequenceNumber":"1","Keys":{"key":{"S":"token#` + hash + `"}}}}`))
	if name := r.name(); !ok || strings.Contains(name, hash) || !strings.Contains(name, "key=token#") {
		t.Errorf("%q", name)
	}
}

func TestSetsHaveNoOrder(t *testing.T) {
	parse := func(text string) (v item) { _ = json.Unmarshal([]byte(text), &v); return v }
	a := parse(`{"a":{"SS":["1","2"]},"b":{"M":{"c":{"NS":["1","2"]}}},"l":{"L":[{"S":"1"},{"S":"2"}]}}`)
	b := parse(`{"a":{"SS":["2","1"]},"b":{"M":{"c":{"NS":["2","1"]}}},"l":{"L":[{"S":"1"},{"S":"2"}]}}`)
	c := parse(`{"a":{"SS":["2","1"]},"b":{"M":{"c":{"NS":["2","1"]}}},"l":{"L":[{"S":"2"},{"S":"1"}]}}`)
	if !same(a, b) || same(a, c) || !same(nil, nil) || same(nil, a) {
		t.Error("a set's order counts, or a list's does not")
	}
}
