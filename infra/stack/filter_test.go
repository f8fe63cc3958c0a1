package stack_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
)

// shown is a status as its viewer gets it.
type shown struct {
	ID       string `json:"id"`
	Filtered *[]struct {
		Filter         map[string]any `json:"filter"`
		KeywordMatches []string       `json:"keyword_matches"`
	} `json:"filtered"`
}

// verdict is the status's id and what of it was filtered: nothing that says so, or the matches.
func verdict(t *testing.T, payload string) string {
	t.Helper()
	var s shown
	if err := json.Unmarshal([]byte(payload), &s); err != nil {
		t.Fatalf("no status: %s", payload)
	}
	if s.Filtered == nil {
		return s.ID + " as it is"
	}
	var matches []string
	for _, f := range *s.Filtered {
		matches = append(matches, fmt.Sprint(f.Filter["title"], f.KeywordMatches))
	}
	return fmt.Sprint(s.ID, " ", matches)
}

// viewing is one stream over one transport, read status by status.
type viewing struct {
	name string
	next func() (event, payload string)
}

func (w *world) viewing(t *testing.T, account, token, stream, tag, list string) (all []viewing) {
	t.Helper()
	query, _ := named(stream, tag, list)
	plain, modern := w.dial(t, token, query), w.dial(t, token, query+numbers)
	modern.nextTold() // its position
	r := w.read(t, account, path(stream, tag, list))
	told := func(s *socket) func() (string, string) {
		return func() (string, string) {
			var f told
			if err := json.Unmarshal([]byte(s.next()), &f); err != nil {
				t.Fatal(err)
			}
			return f.Event, f.Payload
		}
	}
	return []viewing{{stream + " on a socket", told(plain)}, {stream + " with ids", told(modern)},
		{stream + " as events", func() (string, string) { e := r.next(); return e.name, e.data }}}
}

// verdicts reads up to the status with this id, leaving out those that are not among the test's.
func (v viewing) verdicts(t *testing.T, mine []string, last string) (all []string) {
	t.Helper()
	for {
		event, payload := v.next()
		var s shown
		if event != "update" || json.Unmarshal([]byte(payload), &s) != nil || !slices.Contains(mine, s.ID) {
			continue // another test's, or filters_changed
		}
		all = append(all, verdict(t, payload))
		if s.ID == last {
			return all
		}
	}
}

// what the viewer of the test filters.
func choosy(account, blocked, muted, blocker string) row {
	return row{"key": "account#" + account, "languages": set{"en", "fr"}, "blocks": set{blocked}, "mutes": set{muted},
		"blockedBy": set{blocker}, "blockedDomains": set{"bad.example"},
		"filters": []any{row{"id": "5", "title": "plots", "context": []any{"home", "public"}, "action": "warn",
			"keywords": []any{row{"keyword": "spoiler", "wholeWord": true}, row{"keyword": "конец", "wholeWord": false}}}}}
}

// postOf is a status of one owner, so that its statuses come in order, by the account given.
func postOf(owner, id, author, acct, language, content, tag, list, home string) row {
	status := map[string]any{"id": id, "visibility": "public", "content": content, "language": language,
		"account": map[string]string{"id": author, "acct": acct}, "tags": []map[string]string{{"name": tag}}}
	return row{"owner": owner, "id": "status#" + id, "kind": "status", "payload": encode(status), "home": set{home}, "lists": set{list}}
}

func TestFiltersDropAndAnnotateOnBothTransports(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	account, token, list := w.member(t)
	tag, owner := "filter"+account, fresh()
	friend, blocked, muted, blocker := fresh(), fresh(), fresh(), fresh()
	w.put(t, "Accounts", choosy(account, blocked, muted, blocker))
	plain := w.dial(t, w.token(t, fresh(), "read"), "stream=hashtag&tag="+tag)
	streams := map[string][]viewing{}
	for _, stream := range []string{"hashtag", "public", "user", "list"} {
		streams[stream] = w.viewing(t, account, token, stream, tag, list)
	}
	var mine []string
	var items []row
	write := func(author, acct, language, content string) (id string) {
		id = fresh()
		mine = append(mine, id)
		items = append(items, postOf(owner, id, author, acct, language, content, tag, list, account))
		return id
	}
	harmless := write(friend, "friend", "en", "hello")
	spoilt := write(friend, "friend", "fr", "a <b>Spoiler</b>, really")
	russian := write(friend, "friend", "en", "Это КОНЕЦ.")
	hidden := []string{write(blocked, "x", "en", "x"), write(muted, "x", "en", "x"), write(blocker, "x", "en", "x"),
		write(friend, "x@bad.example", "en", "x"), write(friend, "x", "de", "x")}
	end := write(friend, "friend", "en", "spoilers")
	w.content(t, items...)

	public := []string{harmless + " []", spoilt + " [plots[Spoiler]]", russian + " [plots[КОНЕЦ]]", end + " []"}
	home := slices.Clone(public[:3])
	for _, id := range hidden {
		home = append(home, id+" []")
	}
	want := map[string][]string{"hashtag": public, "public": public, "user": append(home, public[3]), "list": append(home, public[3])}
	for stream, all := range streams {
		for _, v := range all {
			if got := v.verdicts(t, mine, end); !slices.Equal(got, want[stream]) {
				t.Errorf("%s: %q\nwant %q", v.name, got, want[stream])
			}
		}
	}
	for _, item := range items { // whoever filters nothing gets the bytes as they were written
		plain.expect(frame(item["payload"].(string), "update", "hashtag", tag))
	}
}

func TestAChangeOfFiltersTakesEffectOnWhatIsOpen(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	account, token, _ := w.member(t)
	tag, owner, author := "change"+account, fresh(), fresh()
	streams := w.viewing(t, account, token, "hashtag", tag, "")
	user := w.dial(t, token, "stream=user")
	told := w.read(t, account, "/user")
	var mine []string
	sayAs := func(author, content string) (id string) {
		id = fresh()
		mine = append(mine, id)
		w.content(t, postOf(owner, id, author, "a", "en", content, tag, "0", "0"))
		return id
	}
	say := func(content string) string { return sayAs(author, content) }
	becomes := func(item row) {
		w.put(t, "Accounts", item)
		user.expect(`{"stream":["user"],"event":"filters_changed"}`) // comes when the change has been carried out
		told.expect(event{name: "filters_changed", data: "null"})
	}
	check := func(last string, want ...string) {
		t.Helper()
		for _, v := range streams {
			if got := v.verdicts(t, mine, last); !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", v.name, got, want)
			}
		}
	}
	first := say("a spoiler")
	check(first, first+" as it is")
	becomes(choosy(account, "0", "0", "0"))
	second := say("a spoiler")
	check(second, second+" [plots[spoiler]]")
	becomes(choosy(account, author, "0", "0").with(row{"filters": nil}))
	say("by one who is blocked")
	other := sayAs(fresh(), "not a spoiler any more")
	check(other, other+" as it is") // there is no filter
	becomes(choosy(account, "0", "0", "0"))
	third := say("fine")
	check(third, third+" []")
	w.put(t, "Accounts", row{"key": "account#" + account})
	user.expect(`{"stream":["user"],"event":"filters_changed"}`)
	fourth := say("spoiler")
	check(fourth, fourth+" as it is")
}
