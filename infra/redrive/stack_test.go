package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"edgestream/infra/stack"
)

// whole is the real stack, and an operator beside it.
type whole struct {
	*account
	t     *testing.T
	ctx   context.Context
	stack *stack.Stack
	queue string
}

func startWhole(t *testing.T) *whole {
	if testing.Short() {
		t.Skip("starts the whole stack")
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	s, err := stack.Start(ctx, root, "--stream-poll", "25ms")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	w := &whole{t: t, ctx: ctx, stack: s}
	if w.account, err = connect(ctx, options{endpoint: s.API}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.http.CloseIdleConnections)
	if w.queue, err = w.urlOf(ctx, "arn:aws:sqs:us-east-1:123456789012:FailureQueue"); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *whole) redrive(flags ...string) string {
	w.t.Helper()
	return w.ends(nil, flags...)
}

func (w *whole) ends(want error, flags ...string) string {
	w.t.Helper()
	var out bytes.Buffer
	if err := run(w.ctx, append([]string{"--queue-url", w.queue, "--wait", "0"}, flags...), &out, &out); err != want {
		w.t.Fatalf("%v\n%s", err, &out)
	}
	return out.String()
}

func (w *whole) do(s api, operation string, in map[string]any, out any) {
	w.t.Helper()
	if err := w.call(w.ctx, s, operation, in, out); err != nil {
		w.t.Fatal(err)
	}
}

func (w *whole) put(id, kind, payload string, more item) {
	w.t.Helper()
	all := item{"owner": text("2"), "id": text(id), "kind": text(kind), "payload": text(payload)}
	for name, v := range more {
		all[name] = v
	}
	w.do(tableAPI, "PutItem", map[string]any{"TableName": "Content", "Item": all}, &struct{}{})
}

func text(s string) map[string]string { return map[string]string{"S": s} }

// An item that does not fit is reported, comes back as long as it is as it was, and is forgotten once
// it has been mended. Records that were given up are published again, unless they are old.
func TestWithTheRealFunctions(t *testing.T) {
	w := startWhole(t)
	t.Run("poison", func(t *testing.T) {
		w.put("filter#1", "filters", `{"id":"1"}`, nil)
		shown := w.redrive()
		for strings.Contains(shown, ": 0 message") {
			shown = w.redrive()
		}
		has(t, shown, `unknown kind "filters"`, "owner=2", "id=filter#1", "kind=filters", "publish it again")
		has(t, w.ends(errUnmended, "--apply"), "done", "has come back", "\n0 mended, 1 came back\n")
		w.put("filter#1", "filter", `{"id":"1"}`, nil)
		has(t, w.redrive("--apply"), "1 message(s)", "the item has changed since", "done", "\n1 mended, 0 came back\n")
		has(t, w.redrive(), ": 0 message(s)")
	})
	t.Run("given up", func(t *testing.T) {
		socket, _, err := websocket.Dial(w.ctx, "ws"+strings.TrimPrefix(w.stack.Edge, "http")+"/api/v1/streaming?access_token=alice&stream=user", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer socket.CloseNow()
		hears := func(event string) {
			t.Helper()
			_, frame, err := socket.Read(w.ctx)
			if err != nil || !strings.Contains(string(frame), `"event":"`+event+`"`) {
				t.Fatalf("heard %s, %v; want %s", frame, err, event)
			}
		}
		home := item{"home": map[string]any{"SS": []string{"1"}}}
		w.put("status#1", "status", `{"id":"1","visibility":"public","content":"one"}`, home)
		hears("update")
		report := w.givenUp("status#1")
		w.do(sqsAPI, "SendMessage", map[string]any{"QueueUrl": w.queue, "MessageBody": report}, &struct{}{})
		has(t, w.redrive("--apply"), "given up, 1 record(s) of Content by PublishFunction", "id=status#1", "done")
		hears("update")
		w.put("status#1", "status", `{"id":"1","visibility":"public","content":"two"}`, home)
		hears("status.update")
		w.do(sqsAPI, "SendMessage", map[string]any{"QueueUrl": w.queue, "MessageBody": report}, &struct{}{})
		has(t, w.redrive("--apply"), "the item has changed since")
		w.put("status#2", "status", `{"id":"2","visibility":"public","content":"what comes next"}`, home)
		hears("update")
	})
}

// givenUp is what Lambda would report of the first record of the item.
func (w *whole) givenUp(id string) string {
	w.t.Helper()
	var table struct {
		Table struct{ LatestStreamArn string }
	}
	w.do(tableAPI, "DescribeTable", map[string]any{"TableName": "Content"}, &table)
	arn := table.Table.LatestStreamArn
	var stream struct {
		StreamDescription struct{ Shards []struct{ ShardId string } }
	}
	w.do(streamsAPI, "DescribeStream", map[string]any{"StreamArn": arn}, &stream)
	for _, s := range stream.StreamDescription.Shards {
		var at struct{ ShardIterator string }
		w.do(streamsAPI, "GetShardIterator", map[string]any{"StreamArn": arn, "ShardId": s.ShardId, "ShardIteratorType": "TRIM_HORIZON"}, &at)
		var page struct{ Records []json.RawMessage }
		w.do(streamsAPI, "GetRecords", map[string]any{"ShardIterator": at.ShardIterator}, &page)
		for _, raw := range page.Records {
			if r, ok := parseRecord(raw); ok && plain(r.DynamoDB.Keys["id"]) == id {
				return fmt.Sprintf(`{"requestContext":{"functionArn":"arn:aws:lambda:us-east-1:123456789012:function:PublishFunction","condition":"RetryAttemptsExhausted","approximateInvokeCount":31},
					"DDBStreamBatchInfo":{"shardId":%q,"startSequenceNumber":%[2]q,"endSequenceNumber":%[2]q,"batchSize":1,"streamArn":%q}}`, s.ShardId, r.DynamoDB.Sequence, arn)
			}
		}
	}
	w.t.Fatalf("no record of %s", id)
	return ""
}
