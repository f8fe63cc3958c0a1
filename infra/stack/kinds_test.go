package stack_test

import (
	"encoding/json"
	"testing"
	"time"
)

const (
	// home has only the member's home, allPublic every listed stream of a local status.
	homes     = "user"
	listed    = "public, public:local, hashtag, hashtag:local"
	allLocal  = "user, list, " + listed
	remote    = "public, public:media, public:remote, public:remote:media, hashtag"
	everybody = "user, B user"
)

// post is a status as an application writes it, its payload's members in this order.
type post struct {
	ID         string              `json:"id,omitempty"`
	Content    string              `json:"content"`
	Visibility string              `json:"visibility"`
	Account    map[string]string   `json:"account"`
	Tags       []map[string]string `json:"tags"`
	Mentions   []map[string]string `json:"mentions,omitempty"`
	Media      []map[string]string `json:"media_attachments,omitempty"`
	Reblog     any                 `json:"reblog,omitempty"`
	ReplyTo    string              `json:"in_reply_to_account_id,omitempty"`
	Favourites int                 `json:"favourites_count"`
	Pinned     bool                `json:"pinned"`
}

func TestAStatusReachesItsAudienceAndNobodyElse(t *testing.T) {
	all, a, b, author := stage(t)
	p := post{ID: "1" + author, Content: "<p>\"é\" \\ 🦊\n</p>", Visibility: "public",
		Account: map[string]string{"id": author, "acct": "bob"}, Tags: []map[string]string{{"name": a.tag}}}
	first := encode(p)
	p.Content = "edited"
	edited := encode(p)
	p.Favourites, p.Pinned = 7, true
	counted := encode(p)
	status := row{"owner": author, "id": "status#1", "kind": "status", "home": set{a.account}, "lists": set{a.list}, "payload": first}
	now := func(more row) row { status = status.with(more); return status }
	all.play(t, []step{
		{"a new one is an update", now(nil), []say{{allLocal, "update", first}}},
		{"one that is edited is a status.update", now(row{"payload": edited}), []say{{allLocal, "status.update", edited}}},
		{"counters and flags are silent", now(row{"payload": counted}), nil},
		{"the same again is silent", now(nil), nil},
		{"a home that changes hands", now(row{"home": set{b.account}}), []say{{homes, "delete", p.ID}, {"B user", "update", counted}}},
		{"a list more, as a list of ids", now(row{"lists": []any{a.list, b.list}}), []say{{"B list", "update", counted}}},
		{"an edit and a new audience at once", now(row{"payload": first, "home": set{a.account, b.account}}),
			[]say{{"list, B user, B list, " + listed, "status.update", first}, {homes, "update", first}}},
		{"what is listed no more", now(row{"listed": false}), []say{{listed, "delete", p.ID}}},
		{"what is listed again", now(row{"listed": true}), []say{{listed, "update", first}}},
		{"what is no more of this server", now(row{"local": false}),
			[]say{{"public:local, hashtag:local", "delete", p.ID}, {"public:remote", "update", first}}},
		{"a removal is a delete", status.key(), []say{{"user, list, B user, B list, public, public:remote, hashtag", "delete", p.ID}}},
	})
}

func TestVisibilityRepliesAndReblogsDecideWhereAStatusGoes(t *testing.T) {
	all, a, b, author := stage(t)
	who := map[string]string{"id": author, "acct": "bob@far.example"}
	tags := []map[string]string{{"name": a.tag}}
	p := post{ID: "2" + author, Visibility: "public", Account: who, Tags: tags, Media: []map[string]string{{"id": "9"}},
		Mentions: []map[string]string{{"id": b.account, "acct": "beth"}, {"id": a.account, "acct": "anna@other.example"}}}
	far := encode(p)
	p.Content = "edited"
	edited := encode(p)
	mention := row{"owner": author, "id": "status#2", "kind": "status", "payload": far}
	own := post{ID: "3" + author, Visibility: "public", Account: who, Tags: tags, ReplyTo: author}
	reply, reblog, unlisted := own, own, own
	reply.ReplyTo = b.account
	reblog.Reblog, unlisted.Visibility = map[string]string{"id": "8"}, "unlisted"
	item := func(p post) row {
		return row{"owner": author, "id": "status#" + fresh(), "kind": "status", "home": set{a.account}, "payload": encode(p)}
	}
	nameless := own
	nameless.ID = ""
	bare := row{"owner": author, "id": "status#77" + author, "kind": "status", "payload": encode(nameless), "local": true}
	all.play(t, []step{
		{"of another server, with media", mention, []say{{remote, "update", far}}},
		{"who is mentioned hears of an edit", mention.with(row{"payload": edited}),
			[]say{{remote + ", B user, B user:notification", "status.update", edited}}},
		{"and of the removal", mention.key(), []say{{remote + ", B user", "delete", p.ID}}},
		{"a reply to oneself is public", item(own), []say{{"user, public, public:remote, hashtag", "update", encode(own)}}},
		{"a reply to another is not", item(reply), []say{{"user, hashtag", "update", encode(reply)}}},
		{"a reblog is at home", item(reblog), []say{{"user", "update", encode(reblog)}}},
		{"what is unlisted is at home", item(unlisted), []say{{"user", "update", encode(unlisted)}}},
		{"one without an id", bare, []say{{listed, "update", encode(nameless)}}},
		{"has its item's", bare.key(), []say{{listed, "delete", "77" + author}}},
	})
}

func TestNotificationsAndConversationsAreTheirOwnersAlone(t *testing.T) {
	all, a, _, _ := stage(t)
	n := row{"owner": a.account, "id": "notification#1", "kind": "notification", "payload": `{"id":"1","type":"follow"}`}
	c := row{"owner": a.account, "id": "conversation#1", "kind": "conversation", "payload": `{"id":"1","unread":true}`}
	both := "user, user:notification"
	all.play(t, []step{
		{"a notification", n, []say{{both, "notification", `{"id":"1","type":"follow"}`}}},
		{"one that changes is silent", n.with(row{"payload": `{"id":"1","type":"mention"}`}), nil},
		{"one that is removed is silent", n.key(), nil},
		{"a conversation", c, []say{{"direct", "conversation", `{"id":"1","unread":true}`}}},
		{"one that shows the same is silent", c.with(row{"payload": `{ "unread":true, "id":"1" }`}), nil},
		{"one that changes is sent again", c.with(row{"payload": `{"id":"1","unread":false}`}), []say{{"direct", "conversation", `{"id":"1","unread":false}`}}},
		{"one that is removed is silent", c.key(), nil},
		{"merged notifications", row{"owner": a.account, "id": "merge#1", "kind": "merge"}, []say{{both, "notifications_merged", "1"}}},
		{"and again", row{"owner": a.account, "id": "merge#1", "kind": "merge", "n": 2}, []say{{both, "notifications_merged", "1"}}},
		{"a merge that is removed is silent", row{"owner": a.account, "id": "merge#1"}, nil},
		{"filters", row{"owner": a.account, "id": "filter#1", "kind": "filter", "payload": "any"}, []say{{"user", "filters_changed", none}}},
		{"filters that change", row{"owner": a.account, "id": "filter#1", "kind": "filter", "payload": row{}}, []say{{"user", "filters_changed", none}}},
		{"filters that go", row{"owner": a.account, "id": "filter#1"}, []say{{"user", "filters_changed", none}}},
		{"filters without a payload", row{"owner": a.account, "id": "x#1", "kind": "filter"}, []say{{"user", "filters_changed", none}}},
		{"what becomes another kind is removed and inserted", row{"owner": a.account, "id": "x#1", "kind": "notification", "payload": `{"id":"5"}`},
			[]say{{"user", "filters_changed", none}, {both, "notification", `{"id":"5"}`}}},
		{"items of apps say nothing here", row{"owner": a.account, "id": "item#1", "kind": "item", "payload": row{}}, nil},
		{"nor do their events", row{"owner": "app#1#c", "id": "event#1", "kind": "event", "payload": row{"name": "e"}}, nil},
		{"nor what is Edgestream's own", row{"owner": a.account, "id": "_x#1", "kind": "_x"}, nil},
	})
}

func TestAnnouncementsReachEverybodysUserStream(t *testing.T) {
	all, _, _, _ := stage(t)
	a := row{"owner": "announcements", "id": "announcement#" + fresh(), "kind": "announcement", "payload": `{"id":"31","content":"<b>"}`}
	r := row{"owner": "announcements", "id": "reaction#" + fresh(), "kind": "reaction", "payload": `{"name":"🦊","count":2,"announcement_id":"31"}`}
	all.play(t, []step{
		{"an announcement", a, []say{{everybody, "announcement", `{"id":"31","content":"<b>"}`}}},
		{"one that is edited", a.with(row{"payload": `{"id":"31","content":""}`}), []say{{everybody, "announcement", `{"id":"31","content":""}`}}},
		{"a reaction", r, []say{{everybody, "announcement.reaction", `{"name":"🦊","count":2,"announcement_id":"31"}`}}},
		{"one more of it", r.with(row{"payload": `{"count":3,"name":"🦊","announcement_id":"31"}`}),
			[]say{{everybody, "announcement.reaction", `{"count":3,"name":"🦊","announcement_id":"31"}`}}},
		{"none of it", r.key(), []say{{everybody, "announcement.reaction", `{"name":"🦊","count":0,"announcement_id":"31"}`}}},
		{"an announcement that is removed", a.key(), []say{{everybody, "announcement.delete", "31"}}},
	})
}

func TestABroadcastSaysAnythingAnywhereOnce(t *testing.T) {
	all, a, b, author := stage(t)
	bc := row{"owner": author, "id": "broadcast#1", "kind": "broadcast", "event": "maintenance", "payload": "at eight", "topics": []any{
		row{"stream": "direct", "account": a.account}, row{"stream": "public:remote:media"}, row{"stream": "hashtag:local", "tag": "#" + a.tag},
		row{"stream": "list", "list": b.list}, row{"stream": "user:notification", "account": b.account}}}
	all.play(t, []step{
		{"to the streams that it names", bc, []say{{"direct, public:remote:media, hashtag:local, B list, B user, B user:notification", "maintenance", "at eight"}}},
		{"a change is silent", bc.with(row{"payload": "at nine"}), nil},
		{"a removal is silent", bc.key(), nil},
		{"user without an account is everyone", row{"owner": author, "id": "broadcast#2", "kind": "broadcast", "event": "e",
			"payload": row{"b": 1, "a": []any{true, nil, "x"}}, "topics": []any{row{"stream": "user"}}}, []say{{everybody, "e", `{"a":[true,null,"x"],"b":1}`}}},
	})
}

func TestPayloadsAreTextByteForByteOrMapsWithSortedKeys(t *testing.T) {
	all, a, _, _ := stage(t)
	odd := " {\t\"z\" : 1.50e+3,\n \"a\":\"\\u00e9 \\/ 🦊 \u007f <&>\", \"z\":null }\r\n"
	m := row{"zeta": "z", "alpha": row{"b": false, "a": 12345678901234567890.0}, "set": set{"x", "y"}, "null": nil, "numbers": []any{1, -2}, "é": "<\">"}
	all.play(t, []step{
		{"text", row{"owner": a.account, "id": "conversation#7", "kind": "conversation", "payload": odd}, []say{{"direct", "conversation", odd}}},
		{"a map", row{"owner": a.account, "id": "conversation#8", "kind": "conversation", "payload": m}, []say{{"direct", "conversation",
			`{"alpha":{"a":12345678901234567000,"b":false},"null":null,"numbers":[1,-2],"set":["x","y"],"zeta":"z","é":"<\">"}`}}},
	})
}

func TestAFrameIsGolden(t *testing.T) {
	w := theStack(t)
	account, token, _ := w.member(t)
	s := w.dial(t, token, "stream=hashtag&tag=%23C%C3%A4ts"+account)
	w.content(t, row{"owner": account, "id": "status#1", "kind": "status",
		"payload": `{"id":"1","visibility":"public","content":"<a \"b\">\n\\","account":{"acct":"a"},"tags":[{"name":"CATS` + account + `"}]}`})
	s.expect(`{"stream":["hashtag","#Cäts` + account + `"],"event":"update","payload":"{\"id\":\"1\",\"visibility\":\"public\",\"content\":\"<a \\\"b\\\">\\n\\\\\",\"account\":{\"acct\":\"a\"},\"tags\":[{\"name\":\"CATS` + account + `\"}]}"}`)
	w.content(t, row{"owner": account, "id": "broadcast#1", "kind": "broadcast", "event": "x", "payload": "\u2028\x01\t", "topics": []any{row{"stream": "hashtag", "tag": "cats" + account}}})
	var odd struct{ Payload string }
	if err := json.Unmarshal([]byte(s.next()), &odd); err != nil || odd.Payload != "\u2028\x01\t" {
		t.Errorf("payload %q, %v", odd.Payload, err)
	}
}

func TestARemovalByTimeToLiveIsSilent(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	account, token, _ := w.member(t)
	s := w.dial(t, token, "stream=user")
	item := row{"owner": account, "id": "status#1", "kind": "status", "home": set{account}, "payload": `{"id":"1","account":{"acct":"a"}}`, "expiresAt": time.Now().Unix()}
	w.content(t, item)
	s.expect(frame(item["payload"].(string), "update", "user"))
	eventually(t, "the item is gone", func() bool { return !w.has(t, "Content", item.key()) })
	w.content(t, note(account, "then", account))
	s.expect(frame("", "then", "user"))
}
