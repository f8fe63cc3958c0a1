package pusher_test

import (
	"encoding/json"
	"testing"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

func TestFramesAsAPublisherSendsThem(t *testing.T) {
	room := stream.Subscription{Stream: stream.Channel, Param: "presence-room"}
	cache := stream.Subscription{Stream: stream.Channel, Param: "cache-x"}
	watch := stream.Subscription{Stream: stream.Watch, Param: "2"}
	for name, tt := range map[string]struct {
		sub  stream.Subscription
		m    stream.Message
		want string
	}{
		"subscribed":         {room, stream.Message{Event: pusher.Subscribed, Payload: []byte(`{"presence":{"ids":["1"],"hash":{"1":{"n":"é"}},"count":1}}`)}, `{"event":"pusher_internal:subscription_succeeded","channel":"presence-room","data":"{\"presence\":{\"ids\":[\"1\"],\"hash\":{\"1\":{\"n\":\"é\"}},\"count\":1}}"}`},
		"subscribed, cache":  {cache, stream.Message{Event: pusher.Subscribed, Payload: []byte(`{}`)}, `{"event":"pusher_internal:subscription_succeeded","channel":"cache-x","data":"{}"}`},
		"member added":       {room, stream.Message{Event: pusher.MemberAdded, Payload: []byte(`{"user_id":"1","user_info":{"name":"Ann"}}`)}, `{"event":"pusher_internal:member_added","channel":"presence-room","data":"{\"user_id\":\"1\",\"user_info\":{\"name\":\"Ann\"}}"}`},
		"member removed":     {room, stream.Message{Event: pusher.MemberRemoved, Payload: []byte(`{"user_id":"1"}`)}, `{"event":"pusher_internal:member_removed","channel":"presence-room","data":"{\"user_id\":\"1\"}"}`},
		"event":              {room, stream.Message{Event: "new \"x\"", Payload: []byte("a\n\"b\"\u2028<é>")}, `{"event":"new \"x\"","channel":"presence-room","data":"a\n\"b\"` + "\u2028" + `<é>"}`},
		"event without data": {room, stream.Message{Event: "x", Payload: []byte{}}, `{"event":"x","channel":"presence-room","data":""}`},
		"client event":       {room, stream.Message{Event: "client-x", Payload: []byte(`{"a":1}`), User: "7"}, `{"event":"client-x","channel":"presence-room","data":"{\"a\":1}","user_id":"7"}`},
		"cache miss":         {cache, stream.Message{Event: pusher.CacheMiss}, `{"event":"pusher:cache_miss","channel":"cache-x"}`},
		"watchlist":          {watch, stream.Message{Event: pusher.Watched, Payload: []byte(`{"events":[{"name":"online","user_ids":["2"]}]}`)}, `{"event":"pusher_internal:watchlist_events","data":{"events":[{"name":"online","user_ids":["2"]}]}}`},
		"subscription count": {cache, stream.Message{Event: pusher.Counted, Payload: []byte(`{"subscription_count":3}`)}, `{"event":"pusher_internal:subscription_count","channel":"cache-x","data":{"subscription_count":3}}`},
	} {
		if got := string(pusher.Frame(tt.sub, tt.m)); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, tt.want)
		}
	}
}

// FuzzAnEventIsReadAsItWasPublished: whatever an event holds, its frame is JSON with those texts.
func FuzzAnEventIsReadAsItWasPublished(f *testing.F) {
	f.Add("message", "room", `{"a":"b"}`, "7")
	f.Add("\"", "#server-to-user-\x00", "\xff\u2028", "\\")
	f.Fuzz(func(t *testing.T, event, channel, data, user string) {
		if event == pusher.Watched || event == pusher.Counted {
			return
		}
		frame := pusher.Frame(stream.Subscription{Stream: stream.Channel, Param: channel}, stream.Message{Event: event, Payload: []byte(data), User: user})
		var read struct {
			Event   string `json:"event"`
			Channel string `json:"channel"`
			Data    string `json:"data"`
			User    string `json:"user_id"`
		}
		err := json.Unmarshal(frame, &read)
		for got, want := range map[string]string{read.Event: event, read.Channel: channel, read.Data: data, read.User: user} {
			if err != nil || got != string([]rune(want)) {
				t.Fatalf("%s: %v", frame, err)
			}
		}
	})
}
