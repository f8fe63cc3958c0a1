package sqs

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/stream"
	local "edgestream/infra/local/sqs"
)

const deliver = "arn:aws:sqs:us-east-1:000000000000:deliver.fifo"

// newParts makes Parts that reach the handler, as the queue deliver.fifo.
func newParts(t testing.TB, h http.Handler) *Parts {
	server := httptest.NewServer(h)
	transport := &http.Transport{}
	t.Cleanup(func() { server.Close(); transport.CloseIdleConnections() })
	t.Setenv("AWS_ENDPOINT_URL_SQS", server.URL)
	return NewParts(server.URL+"/000000000000/deliver.fifo", aws.Config{Region: "us-east-1", HTTPClient: &http.Client{Transport: transport},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "A", SecretAccessKey: "S"}, nil
		})})
}

func newLocal(t testing.TB) *local.Service {
	s := local.New(local.Options{})
	if _, err := s.EnsureQueue("deliver.fifo", map[string]string{"FifoQueue": "true", "DeduplicationScope": "messageGroup"}); err != nil {
		t.Fatal(err)
	}
	return s
}

// partOf is a part that says the text.
func partOf(segment string, slice int, event, text string) publish.Part {
	return publish.Part{Segment: stream.Segment(segment), Slice: slice, Event: event, Said: []publish.Said{{Topics: []string{"public"}, Event: text}}}
}

// bodies are the parts on the queue, as SEGMENT#SLICE EVENT.
func bodies(t testing.TB, s *local.Service) (all []string) {
	t.Helper()
	stored, err := s.Messages(deliver)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range stored {
		p, err := publish.ParsePart([]byte(m.Body))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p.Group()+" "+p.Event)
	}
	return all
}

func TestPartsArriveOnceAndInTheOrderOfTheirGroup(t *testing.T) {
	s := newLocal(t)
	q := newParts(t, s)
	var parts []publish.Part
	for event := range 5 {
		for slice := range 16 {
			parts = append(parts, partOf("public", slice, fmt.Sprint("e", event), "x"))
		}
	}
	for range 2 { // the second time nothing is added
		if errs := q.Send(t.Context(), parts); slices.ContainsFunc(errs, func(err error) bool { return err != nil }) || len(errs) != len(parts) {
			t.Fatal(errs)
		}
	}
	got := bodies(t, s)
	if len(got) != len(parts) {
		t.Errorf("%d messages, want %d", len(got), len(parts))
	}
	for slice := range 16 {
		want := fmt.Sprintf("public#%d ", slice)
		var events []string
		for _, b := range got {
			if event, ok := strings.CutPrefix(b, want); ok {
				events = append(events, event)
			}
		}
		if !slices.Equal(events, []string{"e0", "e1", "e2", "e3", "e4"}) {
			t.Errorf("slice %d: %q", slice, events)
		}
	}
}

func TestGroupsAreIDs(t *testing.T) {
	for text, want := range map[string]string{
		"topic#public#3":           "topic#public#3",
		strings.Repeat("a", 128):   strings.Repeat("a", 128),
		strings.Repeat("a", 129):   hash(strings.Repeat("a", 129)),
		"topic#hashtag/ünïcode#1":  hash("topic#hashtag/ünïcode#1"),
		"topic#channel/1/a room#1": hash("topic#channel/1/a room#1"),
		"\x00":                     hash("\x00"),
		"":                         hash(""),
	} {
		if got := group(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestDeduplicationTellsEventSegmentAndSlice(t *testing.T) {
	seen := map[string]publish.Part{}
	for _, p := range []publish.Part{partOf("a", 1, "e", ""), partOf("b", 1, "e", ""), partOf("a", 2, "e", ""), partOf("a", 1, "f", ""), partOf("a 1", 1, "e", ""), partOf("a", 11, "e", ""), partOf("e a", 1, "e", ""), partOf("a", 1, "e e", "")} {
		id := deduplication(p)
		if was, ok := seen[id]; ok || len(id) != 64 {
			t.Errorf("%q is of %v and of %v", id, was, p)
		}
		seen[id] = p
	}
	if a, b := deduplication(partOf("a", 1, "e", "said")), deduplication(partOf("a", 1, "e", "said otherwise")); a != b {
		t.Error("what is said makes another part")
	}
}
