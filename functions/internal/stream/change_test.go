package stream

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shown renders messages one a line: part, topic, streams, event, payload.
func shown(messages []Message) string {
	var b strings.Builder
	for _, m := range messages {
		names := make([]string, len(m.Streams))
		for i, n := range m.Streams {
			names[i] = string(n)
		}
		payload := "(none)"
		if m.Payload != nil {
			payload = string(m.Payload)
		}
		fmt.Fprintf(&b, "%d %s [%s] %s %s", m.Part, m.Topic, strings.Join(names, " "), m.Event, payload)
		for _, x := range []struct{ name, value string }{{"except", m.Except}, {"only", m.Only}, {"user", m.User}, {"member", m.Member}} {
			if x.value != "" {
				fmt.Fprintf(&b, " %s=%s", x.name, x.value)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

type changeCase struct {
	name string
	Change
	want string
}

func checkChanges(t *testing.T, cases []changeCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			messages, err := c.Messages()
			if err != nil {
				t.Fatal(err)
			}
			want := strings.TrimPrefix(strings.ReplaceAll(c.want, "\t", ""), "\n")
			if diff := cmp.Diff(want, shown(messages)); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
		})
	}
}

func item(kind, owner, id, payload string) *Item {
	i := &Item{Owner: owner, ID: kind + "#" + id, Kind: kind}
	if payload != "" {
		i.Payload = []byte(payload)
	}
	return i
}

func inserted(i *Item) Change        { return Change{New: i} }
func modified(old, now *Item) Change { return Change{Old: old, New: now} }
func removed(i *Item) Change         { return Change{Old: i} }

func TestChangesOfAnAccountsItems(t *testing.T) {
	note := item("notification", "1", "7", `{"id": "7", "type":"follow"}`)
	talk := item("conversation", "1", "8", `{"id":"8","unread":true}`)
	read := item("conversation", "1", "8", `{"id":"8","unread":false}`)
	spaced := item("conversation", "1", "8", `{ "unread": true, "id": "8" }`)
	rule := item("filter", "1", "9", "")
	own := &Item{Owner: "1", ID: "_filters", Kind: "_filters"}
	merged := item("merge", "1", "10", "")
	checkChanges(t, []changeCase{
		{"a notification is sent with its payload untouched", inserted(note), `
			0 account/1 [user:notification] notification {"id": "7", "type":"follow"}
			`},
		{"a notification that changes is silent", modified(note, item("notification", "1", "7", `{"id":"7"}`)), ``},
		{"a notification that is removed is silent", removed(note), ``},
		{"a conversation goes to direct", inserted(talk), `
			0 account/1 [direct] conversation {"id":"8","unread":true}
			`},
		{"a conversation that changes is sent again", modified(talk, read), `
			0 account/1 [direct] conversation {"id":"8","unread":false}
			`},
		{"a conversation that is only written differently is silent", modified(talk, spaced), ``},
		{"a conversation that is removed is silent", removed(talk), ``},
		{"a filter has no payload", inserted(rule), `
			0 account/1 [user] filters_changed (none)
			`},
		{"a filter that changes", modified(rule, rule), `
			0 account/1 [user] filters_changed (none)
			`},
		{"a filter that is removed", removed(rule), `
			0 account/1 [user] filters_changed (none)
			`},
		{"what is filtered has changed", inserted(own), `
			0 account/1 [user] filters_changed (none)
			`},
		{"what is filtered has changed again", modified(own, own), `
			0 account/1 [user] filters_changed (none)
			`},
		{"a word of the service's own that is removed is silent", removed(own), ``},
		{"a merge is a literal 1", inserted(merged), `
			0 account/1 [user:notification] notifications_merged 1
			`},
		{"a merge that is written again", modified(merged, merged), `
			0 account/1 [user:notification] notifications_merged 1
			`},
		{"a merge that is removed is silent", removed(merged), ``},
	})
}

func TestChangesForEveryone(t *testing.T) {
	notice := item("announcement", "announcements", "3", `{"id":"3","content":"<p>hi</p>"}`)
	later := item("announcement", "announcements", "3", `{"id":"3","content":"<p>bye</p>"}`)
	bare := item("announcement", "announcements", "4", `{"content":"x"}`)
	thumbs := item("reaction", "announcements", "3:+", `{"name":"<3","count":2,"announcement_id":"3"}`)
	three := item("reaction", "announcements", "3:+", `{"announcement_id":"3","count":3,"name":"<3"}`)
	other := item("reaction", "announcements", "3:+", `{"name":"🦊","count":1,"announcement_id":8}`)
	checkChanges(t, []changeCase{
		{"an announcement goes to every user stream", inserted(notice), `
			0 everyone [user] announcement {"id":"3","content":"<p>hi</p>"}
			`},
		{"an announcement that changes is sent again", modified(notice, later), `
			0 everyone [user] announcement {"id":"3","content":"<p>bye</p>"}
			`},
		{"an announcement that shows the same is silent", modified(notice, notice), ``},
		{"a removed announcement is a bare id", removed(notice), `
			0 everyone [user] announcement.delete 3
			`},
		{"an announcement without an id has its item's", removed(bare), `
			0 everyone [user] announcement.delete 4
			`},
		{"an announcement under another id is another announcement", modified(notice, bare), `
			0 everyone [user] announcement.delete 3
			1 everyone [user] announcement {"content":"x"}
			`},
		{"a reaction", inserted(thumbs), `
			0 everyone [user] announcement.reaction {"name":"<3","count":2,"announcement_id":"3"}
			`},
		{"a reaction that is counted again", modified(thumbs, three), `
			0 everyone [user] announcement.reaction {"announcement_id":"3","count":3,"name":"<3"}
			`},
		{"a removed reaction counts none", removed(thumbs), `
			0 everyone [user] announcement.reaction {"name":"<3","count":0,"announcement_id":"3"}
			`},
		{"a reaction that becomes another", modified(thumbs, other), `
			0 everyone [user] announcement.reaction {"name":"<3","count":0,"announcement_id":"3"}
			1 everyone [user] announcement.reaction {"name":"🦊","count":1,"announcement_id":8}
			`},
	})
}

func broadcastTo(payload string, targets ...Target) *Item {
	i := item("broadcast", "ops", "1", payload)
	i.Event, i.Topics = "maintenance", targets
	return i
}

func TestChangesOfBroadcasts(t *testing.T) {
	wide := broadcastTo("plain text", Target{Stream: User}, Target{Stream: User, Account: "2"},
		Target{Stream: Direct, Account: "2"}, Target{Stream: Public}, Target{Stream: PublicRemoteMedia},
		Target{Stream: Public}, Target{Stream: HashtagLocal, Tag: "#Café"}, Target{Stream: List, List: "12"})
	checkChanges(t, []changeCase{
		{"a broadcast is one message per topic", inserted(wide), `
			0 everyone [user] maintenance plain text
			0 account/2 [direct] maintenance plain text
			0 public [public public:remote:media] maintenance plain text
			0 hashtag/cafe [hashtag:local] maintenance plain text
			0 list/12 [list] maintenance plain text
			`},
		{"a broadcast to every user names none", inserted(broadcastTo("x", Target{Stream: User, Account: "2"}, Target{Stream: User})),
			"0 everyone [user] maintenance x\n"},
		{"a broadcast may carry any JSON", inserted(broadcastTo(` [1, "a"] `, Target{Stream: User})),
			"0 everyone [user] maintenance  [1, \"a\"] \n"},
		{"a broadcast that changes is silent", modified(wide, broadcastTo("x", Target{Stream: User})), ``},
		{"a broadcast that is removed is silent", removed(wide), ``},
	})
}

func TestChangesThatAreSilentOrTwoInOne(t *testing.T) {
	note := item("notification", "1", "7", `{"id":"7"}`)
	expired := removed(item("announcement", "announcements", "3", `{"id":"3"}`))
	expired.Expired = true
	checkChanges(t, []changeCase{
		{"a removal by TTL", expired, ``},
		{"a removal by TTL of what never fitted", Change{Old: &Item{}, Expired: true}, ``},
		{"the service's own kinds", inserted(&Item{Owner: "1", ID: "x", Kind: "_presence"}), ``},
		{"another kind is a removal and an insert", modified(item("filter", "1", "7", ""), note), `
			0 account/1 [user] filters_changed (none)
			1 account/1 [user:notification] notification {"id":"7"}
			`},
		{"what was of a silent kind is inserted", modified(item("_draft", "1", "7", ""), note), `
			0 account/1 [user:notification] notification {"id":"7"}
			`},
		{"what becomes of a silent kind is removed", modified(item("filter", "1", "7", ""), item("_x", "1", "7", "")), `
			0 account/1 [user] filters_changed (none)
			`},
		{"what did not fit before is inserted once it is mended", modified(item("notification", "1", "7", "{"), note), `
			0 account/1 [user:notification] notification {"id":"7"}
			`},
	})
}
