package dynamo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"edgestream/functions/internal/awscall"
	"edgestream/functions/internal/history"
	"edgestream/functions/internal/historytest"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// newHistory is a History on a table of its own, like the template's.
func newHistory(t testing.TB) (*History, *dynamodb.Client) {
	t.Helper()
	cfg, endpoint := config(t)
	sdk := dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) { o.BaseEndpoint = &endpoint })
	name := fmt.Sprintf("h%d-%d", time.Now().UnixNano(), tables.Add(1))
	keys := func(second string) []types.KeySchemaElement {
		return []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: "HASH"}, {AttributeName: &second, KeyType: "RANGE"}}
	}
	_, err := sdk.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest, KeySchema: keys("sk"),
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("pk"), AttributeType: "S"}, {AttributeName: aws.String("sk"), AttributeType: "S"}, {AttributeName: aws.String("at"), AttributeType: "N"},
		},
		LocalSecondaryIndexes: []types.LocalSecondaryIndex{{IndexName: aws.String("place"), KeySchema: keys("at"), Projection: &types.Projection{ProjectionType: "ALL"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = sdk.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: &name}) })
	return NewHistory(awscall.New(cfg, "dynamodb", endpoint), name), sdk
}

func TestHistoryIsALog(t *testing.T) {
	historytest.Run(t, func(t *testing.T) history.Log { h, _ := newHistory(t); return h })
}

func entry(record string, messages ...stream.Message) history.Entry {
	return history.Entry{
		Topic: stream.PublicTopic(), Record: record, At: time.Now().UTC().Truncate(time.Microsecond), Writer: "AAAAAAAA", N: 1,
		Owner: "1", Sequence: "100", Messages: messages,
	}
}

func TestAnEntryIsTheSameInItsRow(t *testing.T) {
	payloads := rapid.OneOf(rapid.Just([]byte(nil)), rapid.SliceOf(rapid.Byte()), rapid.Just([]byte("a payload that comes twice")))
	rapid.Check(t, func(r *rapid.T) {
		e := entry(rapid.String().Draw(r, "record"))
		e.N, e.Owner, e.Sequence = rapid.Uint64().Draw(r, "n"), rapid.String().Draw(r, "owner"), rapid.StringMatching(`[0-9]{0,40}`).Draw(r, "sequence")
		if rapid.Bool().Draw(r, "has previous") {
			e.Previous = e.At.Add(-time.Second)
		}
		for range rapid.IntRange(0, 4).Draw(r, "messages") {
			e.Messages = append(e.Messages, stream.Message{
				Topic: e.Topic, Streams: rapid.SliceOfN(rapid.SampledFrom(stream.Names()), 1, 3).Draw(r, "streams"),
				Event: rapid.String().Draw(r, "event"), Payload: payloads.Draw(r, "payload"), Part: rapid.IntRange(0, 9).Draw(r, "part"),
			})
		}
		body, _ := append(entryKey(e), entryRow(e)...).MarshalJSON()
		row, err := table.ParseItem(string(body))
		if err != nil {
			r.Fatal(err)
		}
		got, ok := readEntry(e.Topic, row)
		if diff := cmp.Diff(e, got); !ok || diff != "" {
			r.Errorf("%v (-want +got):\n%s", ok, diff)
		}
	})
}

func FuzzReadEntry(f *testing.F) {
	body, _ := append(entryKey(entry("r")), entryRow(entry("r", stream.Message{Event: "update", Payload: []byte("a payload of some length")}, stream.Message{Payload: []byte("a payload of some length"), Part: 1}))...).MarshalJSON()
	f.Add(string(body))
	f.Add(`{"at":{"N":"1"},"n":{"N":"1"},"m":{"L":[{"M":{"r":{"N":"0"}}}]}}`)
	f.Fuzz(func(t *testing.T, body string) {
		row, err := table.ParseItem(body)
		if err != nil {
			return
		}
		e, ok := readEntry(stream.PublicTopic(), row)
		if !ok {
			return
		}
		written, _ := append(entryKey(e), entryRow(e)...).MarshalJSON()
		if row, err = table.ParseItem(string(written)); err != nil {
			t.Fatal(err)
		}
		again, ok := readEntry(e.Topic, row)
		if diff := cmp.Diff(e.Messages, again.Messages); !ok || diff != "" {
			t.Errorf("%v: %s", ok, diff)
		}
	})
}

func TestARepeatedPayloadIsStoredOnce(t *testing.T) {
	payload := []byte(strings.Repeat("x", 150_000))
	h, _ := newHistory(t)
	e := entry("r")
	for part := range 5 {
		e.Messages = append(e.Messages, stream.Message{Topic: e.Topic, Streams: []stream.Name{stream.Public}, Event: "update", Payload: payload, Part: part})
	}
	if _, err := h.Append(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	found, _, err := h.Read(t.Context(), e.Topic, time.Time{}, true)
	if err != nil || len(found) != 1 || len(found[0].Messages) != 5 || string(found[0].Messages[4].Payload) != string(payload) {
		t.Errorf("%d entries, %v", len(found), err)
	}
}

func TestWhatARowCannotHoldIsTooLarge(t *testing.T) {
	h, _ := newHistory(t)
	large := entry("large", stream.Message{Payload: []byte(strings.Repeat("x", maxEntry))})
	long := entry(strings.Repeat("x", 1025))
	tag := entry("tag")
	tag.Topic = stream.HashtagTopic(strings.Repeat("x", 3000))
	unnamed := entry("")
	for name, e := range map[string]history.Entry{"payload": large, "record": long, "topic": tag, "no record": unnamed} {
		if _, err := h.Append(t.Context(), e); !errors.Is(err, history.ErrTooLarge) || errors.Is(err, history.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if found, more, err := h.Read(t.Context(), tag.Topic, time.Time{}, true); len(found) != 0 || more || err != nil {
		t.Errorf("%v, %v, %v", found, more, err)
	}
}

func TestARowOfALogExpires(t *testing.T) {
	h, sdk := newHistory(t)
	e := entry("r")
	if _, err := h.KeepFor(time.Hour).Append(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	got, err := sdk.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String(h.table.Name()), Key: map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: "log#public"}, "sk": &types.AttributeValueMemberS{Value: "r"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprint(e.At.Add(70 * time.Minute).Unix())
	if at, ok := got.Item["expiresAt"].(*types.AttributeValueMemberN); !ok || at.Value != want {
		t.Errorf("expiresAt %v, want %s", got.Item["expiresAt"], want)
	}
}

func TestControlEntriesAreForReadersAlone(t *testing.T) {
	h, _ := newHistory(t)
	topic := stream.AccountTopic("1")
	for range 3 {
		if err := h.Control(t.Context(), topic, "_close", "reader 1"); err != nil {
			t.Fatal(err)
		}
	}
	found, _, err := h.Read(t.Context(), topic, time.Now().Add(-time.Minute), true)
	if err != nil || len(found) != 3 {
		t.Fatalf("%v, %v", found, err)
	}
	for i, e := range found {
		m := e.Messages[0]
		if !strings.HasPrefix(e.Record, "control#") || e.N != uint64(i+1) || m.Event != "_close" || string(m.Payload) != "reader 1" || !history.Control(m) {
			t.Errorf("%v", e)
		}
		if heard := history.Heard(stream.Listener{Subscription: stream.Subscription{Stream: stream.User}}, e); len(heard) != 0 {
			t.Errorf("heard %v", heard)
		}
	}
}

func TestFailuresOfHistoryMayPass(t *testing.T) {
	var tries atomic.Int64
	answer := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		tries.Add(1)
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"__type":"com.amazonaws.dynamodb.v20120810#%s"}`, answer)
	}))
	defer server.Close()
	cfg, _ := config(t)
	h := NewHistory(awscall.New(cfg, "dynamodb", server.URL), "History")
	for _, name := range []string{"ProvisionedThroughputExceededException", "ResourceNotFoundException", "ConditionalCheckFailedException"} {
		answer = name
		tries.Store(0)
		if _, err := h.Append(t.Context(), entry("r")); !errors.Is(err, history.ErrUnavailable) || tries.Load() != 1 {
			t.Errorf("%s: %v after %d tries", name, err, tries.Load())
		}
		if _, _, err := h.Read(t.Context(), stream.PublicTopic(), time.Now(), false); !errors.Is(err, history.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, answer = range []string{"ValidationException", "ItemCollectionSizeLimitExceededException"} {
		if _, err := h.Append(t.Context(), entry("r")); !errors.Is(err, history.ErrTooLarge) || errors.Is(err, history.ErrUnavailable) {
			t.Errorf("%s: %v", answer, err)
		}
	}
}

func TestAnAppendEnds(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	cfg, _ := config(t)
	began := time.Now()
	_, err := NewHistory(awscall.New(cfg, "dynamodb", server.URL), "History").Append(t.Context(), entry("r"))
	if took := time.Since(began); !errors.Is(err, history.ErrUnavailable) || took < history.AppendTimeout || took > history.AppendTimeout+2*time.Second {
		t.Errorf("%v after %v", err, took)
	}
}

func TestRowsThatAreNoEntriesAreLeftOut(t *testing.T) {
	h, _ := newHistory(t)
	if _, err := h.Append(t.Context(), entry("entry")); err != nil {
		t.Fatal(err)
	}
	for i, rest := range []table.Item{{}, {{"n", table.Number(1)}}, {{"n", table.Number(-1)}, {"m", table.Value{Kind: table.IsList}}}, {{"n", table.Number(1)}, {"m", table.Value{Kind: table.IsList, List: []table.Value{table.Map(table.Item{{"r", table.Number(0)}})}}}}} {
		row := append(append(keyOf("log#public", fmt.Sprint("x", i)), table.Field{"at", table.Number(time.Now().UnixMicro())}), rest...)
		if _, err := h.table.Call(t.Context(), "PutItem", table.Parameters{"Item": row}); err != nil {
			t.Fatal(err)
		}
	}
	found, more, err := h.Read(t.Context(), stream.PublicTopic(), time.Time{}, false)
	if err != nil || more || len(found) != 1 || found[0].Record != "entry" {
		t.Errorf("%v, %v, %v", found, more, err)
	}
	if _, err := h.Append(t.Context(), entry("x0")); !errors.Is(err, history.ErrUnavailable) {
		t.Errorf("over a row that is none: %v", err)
	}
}

func TestWhatALogCosts(t *testing.T) {
	t.Setenv("DYNAMODB_ENDPOINT", "") // see TestWhatEachOperationCosts
	h, _ := newHistory(t)
	var m meter
	h.Meter(m.add)
	e := entry("r", stream.Message{Topic: stream.PublicTopic(), Streams: []stream.Name{stream.Public}, Event: "update", Payload: []byte(strings.Repeat("x", 1500))})
	m.spends(t, "append an entry of 1.5 KB", 1, 0, 4, func() error { _, err := h.Append(t.Context(), e); return err })
	m.spends(t, "poll a log of one entry", 1, 0.5, 0, func() error {
		_, _, err := h.Read(t.Context(), e.Topic, e.At.Add(-time.Second), false)
		return err
	})
	m.spends(t, "poll a log without any, consistently", 1, 1, 0, func() error {
		_, _, err := h.Read(t.Context(), e.Topic, e.At, true)
		return err
	})
}
