package lambdainvoke_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgestream/functions/internal/lambdainvoke"
	"edgestream/functions/internal/stream"
)

func TestAReplayIsQueuedAsAnEvent(t *testing.T) {
	sent := stream.Replay{
		Connection: greeting.Connection, Account: "1", Subscription: stream.Subscription{Stream: stream.Hashtag, Param: "Café"},
		Made: time.UnixMilli(1769900001000).UTC(), From: "abc", Gap: "too_old", Begun: true, Asked: time.UnixMilli(1769900002000).UTC(),
	}
	var got stream.Replay
	r := lambdainvoke.NewReplayer("replay", config(t, func(w http.ResponseWriter, r *http.Request) {
		if r.RequestURI != "/2015-03-31/functions/replay/invocations" || r.Header.Get("X-Amz-Invocation-Type") != "Event" {
			t.Errorf("%s, type %s", r.RequestURI, r.Header.Get("X-Amz-Invocation-Type"))
		}
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusAccepted)
	}))
	if err := r.Replay(t.Context(), sent); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sent, got); diff != "" {
		t.Errorf("replay (-sent +arrived):\n%s", diff)
	}
}

func TestAReplayThatIsRefusedIsAnError(t *testing.T) {
	r := lambdainvoke.NewReplayer("replay", config(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amzn-ErrorType", "AccessDeniedException")
		w.WriteHeader(http.StatusForbidden)
	}))
	if err := r.Replay(t.Context(), stream.Replay{}); err == nil || !strings.Contains(err.Error(), "replay") {
		t.Error(err)
	}
}
