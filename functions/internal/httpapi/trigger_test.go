package httpapi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"edgestream/functions/internal/pusher"
)

func TestAnEventIsPublishedOnEachOfItsChannelsOnce(t *testing.T) {
	w := newWorld()
	expect(t, "events", w.post("/events", `{"name":"n","data":"{\"a\":1}","channels":["a","private-b","a"],"socket_id":"1.2"}`), `200 {}`)
	want := `[4072 a [{n {"a":1} 1.2 }] 4072 private-b [{n {"a":1} 1.2 }]]`
	if got := fmt.Sprint(w.published); got != want {
		t.Errorf("published %s", got)
	}
}

func TestABatchIsOneItemPerChannelInOrder(t *testing.T) {
	w := newWorld()
	expect(t, "batch", w.post("/batch_events", `{"batch":[
		{"name":"1","data":"x","channel":"a"},{"name":"2","data":"y","channel":"b","socket_id":"3.4"},{"name":"3","data":"z","channel":"a"}]}`), `200 {}`)
	if got, want := fmt.Sprint(w.published), "[4072 a [{1 x  } {3 z  }] 4072 b [{2 y 3.4 }]]"; got != want {
		t.Errorf("published %s", got)
	}
}

func TestWhatIsTakenForAnEvent(t *testing.T) {
	for body, want := range map[string]string{
		`{"name":"n","data":"d","channel":"a"}`:                                                               `a [{n d  }]`,
		`{"name":"n","data":"","channels":["a"],"socket_id":null,"info":null,"x":[1]}`:                        `a [{n   }]`,
		`{"name":"m","name":"n","data":"d","channels":["a"]}`:                                                 `a [{n d  }]`,
		`{"name":"client-n","data":"d","channel":"#server-to-user-é/1"}`:                                      `#server-to-user-é/1 [{client-n d  }]`,
		`{"name":"n","data":"\u0000\ud800","channel":"cache-a","Data":"e"}`:                                   "cache-a [{n \x00\uFFFD  }]",
		`{"name":"n","data":"{\"nonce\":\"n\",\"ciphertext\":\"c\"}","channel":"private-encrypted-a"}`:        `private-encrypted-a [{n {"nonce":"n","ciphertext":"c"}  }]`,
		`{"name":"` + strings.Repeat("é", 200) + `","data":"d","channel":"` + strings.Repeat("a", 164) + `"}`: strings.Repeat("a", 164) + ` [{` + strings.Repeat("é", 200) + ` d  }]`,
	} {
		w := newWorld()
		expect(t, body, w.post("/events", body), "200 {}")
		if got := strings.Join(w.published, " "); got != "4072 "+want {
			t.Errorf("%s: published %s", body, got)
		}
	}
}

func TestParametersMayStandInTheQuery(t *testing.T) {
	query := [][2]string{{"name", "n=1 é"}, {"data", "d"}, {"channels[]", "b;c"}, {"channels[]", "a"}, {"socket_id", "1.2"}}
	for body, want := range map[string]string{
		"":                             "[4072 b;c [{n=1 é d 1.2 }] 4072 a [{n=1 é d 1.2 }]]",
		`{"data":"e"}`:                 "[4072 b;c [{n=1 é e 1.2 }] 4072 a [{n=1 é e 1.2 }]]",
		`{"name":"m","channel":"x"}`:   "[4072 x [{m d 1.2 }]]",
		`{"channels":["y"],"data":""}`: "[4072 y [{n=1 é  1.2 }]]",
	} {
		w := newWorld()
		expect(t, body, w.serve(signed("POST", "/apps/4072/events", query, body)), "200 {}")
		if got := fmt.Sprint(w.published); got != want {
			t.Errorf("%q: published %s", body, got)
		}
	}
	w := newWorld()
	one := [][2]string{{"name", "n"}, {"data", "d"}, {"channel", "a"}, {"info", "subscription_count"}}
	expect(t, "channel", w.serve(signed("POST", "/apps/4072/events", one, "")), `200 {"channels":{"a":{"subscription_count":0}}}`)
}

// event is an event's body with some fields changed; a field that is set to nothing is left out.
func event(changes ...string) string {
	fields := map[string]string{"name": `"n"`, "data": `"d"`, "channels": `["a"]`}
	for i := 0; i < len(changes); i += 2 {
		fields[changes[i]] = changes[i+1]
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(fields)) { // the processes of a fuzz test make the same one
		if fields[name] != "" {
			parts = append(parts, fmt.Sprintf("%q:%s", name, fields[name]))
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func quoted(text string) string {
	b, _ := json.Marshal(text)
	return string(b)
}

func TestWhatIsNoEventIsRefusedWhole(t *testing.T) {
	const noChannel = "400 Invalid channel: …"
	many := `["` + strings.Join(strings.Split(strings.Repeat("a", 101), ""), `","`) + `"]`
	for _, test := range []struct{ body, want string }{
		{"", "400 channels is missing"},
		{"[]", "400 The body is not a JSON object"},
		{"null", "400 The body is not a JSON object"},
		{`{"name":"n"`, "400 The body is not a JSON object"},
		{event() + "x", "400 The body is not a JSON object"},
		{"{\"name\":\"\xff\"}", "400 The body is not valid UTF-8"},
		{event("name", ""), "400 Invalid name: …"},
		{event("name", `""`), "400 Invalid name: …"},
		{event("name", `1`), "400 name must be a string"},
		{event("name", `"pusher:x"`), "400 Invalid name: the server alone sends such an event"},
		{event("name", `"pusher_internal:x"`), "400 Invalid name: the server alone sends such an event"},
		{event("name", `"pusher_internal:x"`), "400 Invalid name: …"},
		{event("name", quoted(strings.Repeat("n", 201))), "400 Invalid name: …"},
		{event("data", ""), "400 data is missing"},
		{event("data", `null`), "400 data is missing"},
		{event("data", `{"a":1}`), "400 data must be a string"},
		{event("data", quoted(strings.Repeat("d", pusher.MaxData+1))), "413 …"},
		{event("data", quoted(strings.Repeat("é", pusher.MaxData/2)+"d")), "413 …"},
		{event("channels", ""), "400 channels is missing"},
		{event("channels", "[]"), "400 channels is missing"},
		{event("channels", `"a"`), "400 channels must be an array of strings"},
		{event("channels", `["a",null]`), "400 channels must be an array of strings"},
		{event("channels", many), "400 Too many channels: at most 100"},
		{event("channel", `"a"`), "400 Send channel or channels, not both"},
		{event("channel", `1`), "400 channel must be a string"},
		{event("channels", `["a","b c"]`), noChannel},
		{event("channels", `["a",""]`), "400 Invalid channel: it is empty"},
		{event("channels", `["#x"]`), noChannel},
		{event("channels", `["#server-to-user-"]`), noChannel},
		{event("channels", `["`+strings.Repeat("a", 165)+`"]`), noChannel},
		{event("socket_id", `""`), "400 socket_id is not one…"},
		{event("socket_id", `"1.2\n"`), "400 socket_id is not one…"},
		{event("socket_id", `"1.2.3"`), "400 socket_id is not one…"},
		{event("socket_id", `1.2`), "400 socket_id must be a string"},
		{event("info", `["cache"]`), "400 info must be a string"},
		{event("info", `"users"`), "400 Unknown info…"},
		{event("info", `"user_count"`), "400 user_count is known of presence channels alone"},
		{strings.Repeat(" ", 1<<20) + event(), "413 The body is too long…"},
	} {
		w := newWorld()
		expect(t, test.body[:min(len(test.body), 300)], w.post("/events", test.body), test.want)
		if len(w.published) > 0 {
			t.Errorf("%.300s: published %v", test.body, w.published)
		}
	}
}

// What is encrypted is not looked into: server libraries alone know whose key it was encrypted with, and
// the one for PHP sends one event to several such channels.
func TestEncryptedChannelsAreLikeOthers(t *testing.T) {
	w := newWorld()
	expect(t, "events", w.post("/events", event("channels", `["private-encrypted-a","private-encrypted-b"]`)), "200 {}")
	if len(w.published) != 2 {
		t.Errorf("published %q", w.published)
	}
}

func TestABatchIsRefusedWhole(t *testing.T) {
	good := `{"name":"n","data":"d","channel":"a"}`
	for _, test := range []struct{ body, want string }{
		{"", "400 The body is not a JSON object"},
		{"{}", "400 batch must be an array of objects"},
		{`{"batch":null}`, "400 batch must be an array of objects"},
		{`{"batch":{}}`, "400 batch must be an array of objects"},
		{`{"batch":[` + good + `,1]}`, "400 An element of batch is not a JSON object"},
		{`{"batch":[` + good + `,null]}`, "400 An element of batch is not a JSON object"},
		{`{"batch":[` + good + `,{"name":"n","data":"d"}]}`, "400 channel is missing in an element of batch"},
		{`{"batch":[` + good + `,{"name":"n","data":"d","channels":["a"]}]}`, "400 channel is missing in an element of batch"},
		{`{"batch":[` + good + `,{"name":"n","data":"d","channel":"!"}]}`, "400 Invalid channel: …"},
		{`{"batch":[` + good + `,{"name":"n","channel":"a"}]}`, "400 data is missing"},
		{`{"batch":[` + good + `,{"name":"n","data":` + quoted(strings.Repeat("d", pusher.MaxData+1)) + `,"channel":"a"}]}`, "413 …"},
		{`{"batch":[` + strings.Repeat(good+",", 10) + good + `]}`, "400 Too many events in the batch: at most 10"},
	} {
		w := newWorld()
		expect(t, test.body[:min(len(test.body), 300)], w.post("/batch_events", test.body), test.want)
		if len(w.published) > 0 {
			t.Errorf("%.300s: published %v", test.body, w.published)
		}
	}
	w := newWorld()
	expect(t, "empty", w.post("/batch_events", `{"batch":[]}`), "200 {}")
	expect(t, "ten", w.post("/batch_events", `{"batch":[`+strings.Repeat(good+",", 9)+good+`]}`), "200 {}")
	if len(w.published) != 1 {
		t.Errorf("published %v", w.published)
	}
}

func TestTheLargestBatchFits(t *testing.T) {
	batch := func(data string, channels int) string {
		var events []string
		for i := range 10 {
			events = append(events, fmt.Sprintf(`{"name":"%s","data":"%s","channel":"%0164d"}`, strings.Repeat(`\u00e9`, 200), data, i%channels))
		}
		return `{"batch":[` + strings.Join(events, ", ") + `]}`
	}
	for _, test := range []struct{ body, want string }{
		{batch(strings.Repeat(`\"`, pusher.MaxData), 1), "200 {}"},
		{batch(strings.Repeat(`\u0001`, pusher.MaxData), 10), "200 {}"},
		{batch(strings.Repeat(`\u0001`, pusher.MaxData), 2), "200 {}"},
		{batch(strings.Repeat(`\u0001`, pusher.MaxData), 1), "413 The events for one channel are too large together…"},
	} {
		expect(t, test.body[:300], newWorld().post("/batch_events", test.body), test.want)
	}
}

func TestInfoIsAnsweredPerChannel(t *testing.T) {
	w := newWorld()
	w.subscriptions["presence-a"], w.subscriptions["b"] = 3, 1
	w.users["presence-a"] = []string{"1", "2"}
	expect(t, "events", w.post("/events", event("channels", `["presence-a","presence-x"]`, "info", `"user_count, subscription_count"`)),
		`200 {"channels":{"presence-a":{"user_count":2,"subscription_count":3},"presence-x":{"user_count":0,"subscription_count":0}}}`)
	expect(t, "batch", w.post("/batch_events", `{"batch":[
		{"name":"n","data":"d","channel":"presence-a","info":"user_count"},{"name":"n","data":"d","channel":"b"},
		{"name":"n","data":"d","channel":"presence-a","info":"subscription_count"}]}`),
		`200 {"batch":[{"user_count":2},{},{"subscription_count":3}]}`)
}

func TestNothingIsPublishedIfWhatWasAskedCannotBeRead(t *testing.T) {
	w := newWorld()
	w.fails["Subscriptions"] = true
	expect(t, "events", w.post("/events", event("info", `"subscription_count"`)), "503 …")
	if len(w.published) > 0 {
		t.Errorf("published %v", w.published)
	}
}

func TestAnEventThatIsNotStoredIsNotAnsweredWith200(t *testing.T) {
	w := newWorld()
	w.fails["Publish"] = true
	for _, path := range []string{"/events", "/batch_events"} {
		expect(t, path, w.post(path, `{"name":"n","data":"d","channel":"a","batch":[{"name":"n","data":"d","channel":"a"}]}`),
			"503 Service unavailable, please try again")
	}
}
