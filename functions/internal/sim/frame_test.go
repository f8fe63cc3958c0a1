package sim

import (
	"encoding/json"
	"fmt"
	"strings"

	"edgestream/functions/internal/stream"
)

// frame is what a client reads of a frame.
type frame struct {
	Stream  []string `json:"stream"`
	Event   string   `json:"event"`
	Payload string   `json:"payload"`
	ID      string   `json:"id"`
	Error   string   `json:"error"`
	// Channel, Data and User are of the Channels protocol.
	Channel string          `json:"channel"`
	Data    json.RawMessage `json:"data"`
	User    string          `json:"user_id"`
	// by is the kind of function that posts it.
	by string
}

func parse(text []byte) (f frame) {
	if err := json.Unmarshal(text, &f); err != nil {
		panic(fmt.Sprintf("%s: %v", text, err)) // no function ever sends that
	}
	return f
}

// String is the frame in a trace.
func (f frame) String() string {
	if f.Channel != "" || f.Data != nil {
		return fmt.Sprintf("%s %s %s%s", f.Channel, f.Event, f.Data, f.User)
	}
	what, _, _ := strings.Cut(f.Payload, ",")
	if f.Event == "edgestream.position" {
		what = ""
	}
	return strings.TrimSpace(fmt.Sprintf("%s%s %s %s", strings.Join(f.Stream, "#"), f.Error, f.Event, what))
}

// key is the subscription that the frame is for.
func (f frame) key() string {
	sub := stream.Subscription{}
	if len(f.Stream) > 0 {
		sub.Stream = stream.Name(f.Stream[0])
	}
	if len(f.Stream) > 1 {
		sub.Param = f.Stream[1]
	}
	return sub.Key()
}

// numberOf is the record that the frame is of; false if it is of none.
func (a *app) numberOf(f frame) (n int, ok bool) {
	if f.Event == "delete" {
		n, ok = a.deletes[f.Payload]
		return n, ok
	}
	var shown struct {
		N *int `json:"n"`
	}
	if !strings.HasPrefix(f.Payload, "{") || json.Unmarshal([]byte(f.Payload), &shown) != nil || shown.N == nil {
		return 0, false
	}
	return *shown.N, true
}
