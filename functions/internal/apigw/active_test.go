package apigw_test

import (
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"

	"edgestream/functions/internal/stream"
)

func saying(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
}

// described is an answer as the reference has it.
func described(lastActive string) string {
	return `{"connectedAt":"2026-01-02T03:04:05.678Z","identity":{"sourceIp":"203.0.113.7","userAgent":"x"},"lastActiveAt":` + lastActive + `}`
}

func TestWhenAConnectionWasActive(t *testing.T) {
	want := time.Date(2026, 1, 2, 3, 14, 5, 0, time.UTC)
	for name, tt := range map[string]struct {
		body string
		want time.Time
	}{
		"with a fraction":    {described(`"2026-01-02T03:14:05.678Z"`), want.Add(678 * time.Millisecond)},
		"without a fraction": {described(`"2026-01-02T03:14:05Z"`), want},
		"elsewhere":          {described(`"2026-01-02T04:14:05.000+01:00"`), want},
		"no time":            {described(`"yesterday"`), time.Time{}},
		"a number":           {described(`1767323645`), time.Time{}},
		"missing":            {`{}`, time.Time{}},
		"empty":              {``, time.Time{}},
		"no JSON":            {`<html>`, time.Time{}},
	} {
		f := newFake(t, saying(tt.body))
		got, err := f.client(t).Active(t.Context(), "id=")
		if err != nil || got != tt.want {
			t.Errorf("%s: %v, %v; want %v", name, got, err, tt.want)
		}
	}
}

func TestTheQuestionIsTheSDKs(t *testing.T) {
	f := newFake(t, saying(described(`"2026-01-02T03:14:05.678Z"`)))
	id := "PJqB0fHsqRcCHlw="
	at, err := f.client(t).Active(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	got := f.last()
	sdk, err := f.reference(t).GetConnection(t.Context(), &apigatewaymanagementapi.GetConnectionInput{ConnectionId: &id})
	if err != nil {
		t.Fatal(err)
	}
	compare(t, f.last(), got)
	if !at.Equal(*sdk.LastActiveAt) {
		t.Errorf("%v; SDK %v", at, sdk.LastActiveAt)
	}
}

func TestAQuestionFailsAsAPostDoes(t *testing.T) {
	for status, want := range map[int]error{410: stream.ErrGone, 429: stream.ErrThrottled, 500: stream.ErrUnavailable} {
		f := newFake(t, failing(status, ""))
		if at, err := f.client(t).Active(t.Context(), "id="); !errors.Is(err, want) || !at.IsZero() {
			t.Errorf("%d: %v, %v", status, at, err)
		}
	}
	cut := newFake(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, `{"lastAct`)
	})
	if _, err := cut.client(t).Active(t.Context(), "id="); !errors.Is(err, stream.ErrUnavailable) {
		t.Error(err)
	}
	cut.Close()
	if _, err := cut.client(t).Active(t.Context(), "id="); !errors.Is(err, stream.ErrUnavailable) {
		t.Error(err)
	}
}
