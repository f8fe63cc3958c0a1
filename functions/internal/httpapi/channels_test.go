package httpapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

func occupied() *world {
	w := newWorld()
	w.subscriptions = map[string]int{"a": 1, "presence-a": 3, "presence-b": 1, "presence-gone": 0, "cache-c": 2}
	w.users = map[string][]string{"presence-a": {"1", "2"}, "presence-b": {"é"}}
	w.cached["cache-c"] = pusher.Event{Name: "n", Data: `{"a":"<"}`}
	return w
}

func TestOccupiedChannelsAreListed(t *testing.T) {
	for _, test := range []struct {
		query [][2]string
		want  string
	}{
		{[][2]string{{"filter_by_prefix", "presence-"}, {"info", "user_count"}}, `200 {"channels":{"presence-a":{"user_count":2},"presence-b":{"user_count":1}}}`},
		{[][2]string{{"filter_by_prefix", "presence-b"}, {"info", "user_count,subscription_count"}}, `200 {"channels":{"presence-b":{"user_count":1,"subscription_count":1}}}`},
		{[][2]string{{"info", "subscription_count"}}, `200 {"channels":{"a":{"subscription_count":1},"cache-c":{"subscription_count":2},"presence-a":{"subscription_count":3},"presence-b":{"subscription_count":1}}}`},
		{[][2]string{{"filter_by_prefix", "cache-"}, {"info", "cache"}}, `200 {"channels":{"cache-c":{"cache":{"data":"{\"a\":\"\u003c\"}","ttl":90}}}}`},
		{[][2]string{{"filter_by_prefix", "x"}}, `200 {"channels":{}}`},
		{[][2]string{{"filter_by_prefix", "a"}, {"unknown", "x"}, {"info", ""}}, `200 {"channels":{"a":{}}}`},
		{[][2]string{{"info", "user_count"}}, `400 user_count is known of presence channels alone: send…`},
		{[][2]string{{"filter_by_prefix", "presence"}, {"info", "user_count"}}, `400 user_count is known…`},
		{[][2]string{{"info", "x"}}, `400 Unknown info…`},
	} {
		expect(t, fmt.Sprint(test.query), occupied().get("/channels", test.query...), test.want)
	}
}

func TestALongListIsReadInPages(t *testing.T) {
	w := newWorld()
	for i := range 2000 {
		w.subscriptions[fmt.Sprintf("c%04d", i)] = 1
	}
	got := w.get("/channels")
	if n := strings.Count(got, "{}"); n != 2000 || w.pages != 3 {
		t.Errorf("%d channels in %d pages", n, w.pages)
	}
}

func TestAChannelIsShown(t *testing.T) {
	for _, test := range []struct{ channel, info, want string }{
		{"a", "", `200 {"occupied":true}`},
		{"x", "", `200 {"occupied":false}`},
		{"presence-a", "user_count,subscription_count", `200 {"occupied":true,"user_count":2,"subscription_count":3}`},
		{"presence-x", "user_count,subscription_count", `200 {"occupied":false,"user_count":0,"subscription_count":0}`},
		{"a", "subscription_count,cache", `200 {"occupied":true,"subscription_count":1,"cache":null}`},
		{"cache-c", "cache", `200 {"occupied":true,"cache":{"data":"{\"a\":\"\u003c\"}","ttl":90}}`},
		{"cache-x", "cache", `200 {"occupied":false,"cache":null}`},
		{"%23server-to-user-1", "", `200 {"occupied":false}`},
		{"a", "user_count", `400 user_count is known of presence channels alone`},
		{"a", "x", `400 Unknown info…`},
		{"a%20b", "", `400 Invalid channel: …`},
		{strings.Repeat("a", 165), "", `400 Invalid channel: …`},
	} {
		expect(t, test.channel+" "+test.info, occupied().get("/channels/"+test.channel, [2]string{"info", test.info}), test.want)
	}
}

// A channel may have very many, and who wants to know whether there is one pays for one.
func TestSubscriptionsAreCountedForWhoAsksForTheirNumberAlone(t *testing.T) {
	w := occupied()
	w.fails["Subscriptions"] = true
	expect(t, "occupied", w.get("/channels/a"), `200 {"occupied":true}`)
	expect(t, "counted", w.get("/channels/a", [2]string{"info", "subscription_count"}), "503 …")
}

func TestUsersOfAPresenceChannelAreListed(t *testing.T) {
	for channel, want := range map[string]string{
		"presence-a": `200 {"users":[{"id":"1"},{"id":"2"}]}`,
		"presence-x": `200 {"users":[]}`,
		"private-a":  `400 Users are known of presence channels alone`,
		"a!":         `400 Invalid channel: …`,
	} {
		expect(t, channel, occupied().get("/channels/"+channel+"/users"), want)
	}
}

func TestTroubleIsNotTakenForAnEmptyAnswer(t *testing.T) {
	for call, path := range map[string]string{"Occupied": "/channels", "Subscribed": "/channels/a", "Users": "/channels/presence-a/users", "Cached": "/channels/cache-c"} {
		w := occupied()
		w.fails[call] = true
		expect(t, path, w.get(path, [2]string{"info", "cache"}), "503 …")
	}
}

func connections(ids ...string) (list []stream.Connection) {
	for _, id := range ids {
		list = append(list, stream.Connection{ID: id})
	}
	return list
}

const farewell = ` {"event":"pusher:error","data":{"code":4009,"message":"You got disconnected by the app."}}`

func TestAUsersConnectionsAreClosed(t *testing.T) {
	w := newWorld()
	w.connections["é/1"] = connections("A=", "B=")
	w.gone["A="] = true // by itself, meanwhile
	expect(t, "terminate", w.post("/users/%C3%A9%2F1/terminate_connections", "{}"), "200 {}")
	for _, id := range []string{"A=", "B="} {
		told := slices.DeleteFunc(slices.Clone(w.told), func(s string) bool { return !strings.HasPrefix(s, id) })
		if want := []string{id + farewell, id + " closed"}; !slices.Equal(told, want) {
			t.Errorf("told %q", told)
		}
	}
	expect(t, "nobody", w.post("/users/2/terminate_connections", ""), "200 {}")
	expect(t, "no user", w.post("/users//terminate_connections", "{}"), "400 Invalid user: an id has 1 to 128 characters")
	expect(t, "long", w.post("/users/"+strings.Repeat("1", 129)+"/terminate_connections", "{}"), "400 Invalid user: …")
}

func TestAConnectionThatCannotBeToldIsClosed(t *testing.T) {
	w := newWorld()
	w.connections["1"], w.fails["Post"] = connections("A="), true
	expect(t, "terminate", w.post("/users/1/terminate_connections", "{}"), "200 {}")
	if fmt.Sprint(w.told) != "[A= closed]" {
		t.Errorf("told %q", w.told)
	}
	w.fails["Disconnect"] = true
	expect(t, "down", w.post("/users/1/terminate_connections", "{}"), "503 …")
	w.fails["UserConnections"] = true
	expect(t, "down", w.post("/users/1/terminate_connections", "{}"), "503 …")
}
