package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"edgestream/infra/stack"
)

// An item that does not fit, with the real functions: it is reported, comes back as long as it is as
// it was, and is forgotten once it has been mended.
func TestWithTheRealFunctions(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the whole stack")
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	s, err := stack.Start(ctx, root, "--stream-poll", "25ms")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	a, err := connect(ctx, options{endpoint: s.API})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.http.CloseIdleConnections)
	queue, err := a.urlOf(ctx, "arn:aws:sqs:us-east-1:123456789012:FailureQueue")
	if err != nil {
		t.Fatal(err)
	}
	redrive := func(flags ...string) string {
		var out bytes.Buffer
		if err := run(ctx, append([]string{"--endpoint-url", s.API, "--queue-url", queue}, flags...), &out, &out); err != nil {
			t.Fatalf("%v\n%s", err, &out)
		}
		return out.String()
	}
	put := func(kind string) {
		item := map[string]any{"owner": text("2"), "id": text("filter#1"), "kind": text(kind), "payload": text(`{"id":"1"}`)}
		if err := a.call(ctx, tableAPI, "PutItem", map[string]any{"TableName": "Content", "Item": item}, &struct{}{}); err != nil {
			t.Fatal(err)
		}
	}
	put("filters")
	var shown string
	for shown = redrive(); strings.Contains(shown, ": 0 message"); shown = redrive() {
	}
	has(t, shown, `unknown kind "filters"`, "owner=2", "id=filter#1", "kind=filters", "publish it again")
	has(t, redrive("--apply"), "done", "has come back")
	put("filter")
	has(t, redrive("--apply"), "1 message(s)", "the item has changed since", "done")
	has(t, redrive(), ": 0 message(s)")
}

func text(s string) map[string]string { return map[string]string{"S": s} }
