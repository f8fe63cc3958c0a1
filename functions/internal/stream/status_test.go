package stream

import (
	"fmt"
	"strings"
	"testing"
)

// post is a status item shown in the homes of 2 and 3, on list 12 and, as its payload says, elsewhere.
func post(payload string) *Item {
	i := item("status", "1", "99", payload)
	i.Home, i.Lists = []string{"2", "3", "2", ""}, []string{"12"}
	return i
}

// public is the payload of a public status with more members.
func public(members string) string {
	return `{"id":"99","visibility":"public","account":{"id":"1","acct":"alice"}` + members + `}`
}

const mentions = `,"mentions":[{"id":"3","acct":"carol"},{"id":"4","acct":"dave"},{"id":"5","acct":"eve@far.example"}]`

func expand(lines, payload string) string { return strings.ReplaceAll(lines, "PAYLOAD", payload) }

func TestAStatusIsInsertedForItsAudience(t *testing.T) {
	no := false
	unlisted, remote := post(public("")), post(public(""))
	unlisted.Listed, remote.Local = &no, &no
	homes := `
		0 account/2 [user] update PAYLOAD
		0 account/3 [user] update PAYLOAD
		0 list/12 [list] update PAYLOAD
		`
	var cases []changeCase
	for _, c := range []struct {
		name   string
		item   *Item
		others string
	}{
		{"a public status", post(public("")), "0 public [public public:local] update PAYLOAD\n"},
		{"a public status with media", post(public(`,"media_attachments":[{"id":"5"}]`)),
			"0 public [public public:local public:media public:local:media] update PAYLOAD\n"},
		{"a status of another server", post(`{"id":"99","visibility":"public","account":{"id":"1","acct":"al@far.example"},"tags":[{"name":"a"}]}`),
			"0 hashtag/a [hashtag] update PAYLOAD\n0 public [public public:remote] update PAYLOAD\n"},
		{"a status said to be of another server", remote, "0 public [public public:remote] update PAYLOAD\n"},
		{"a remote status with media", post(`{"id":"99","visibility":"public","account":{"id":"1","acct":"al@far.example"},"media_attachments":[{}]}`),
			"0 public [public public:remote public:media public:remote:media] update PAYLOAD\n"},
		{"tags are normalised and each counts once", post(public(`,"tags":[{"name":"Café"},{"name":"#cafe"},{"name":"🎉"},{"name":"b"}]`)),
			"0 hashtag/cafe [hashtag hashtag:local] update PAYLOAD\n0 hashtag/b [hashtag hashtag:local] update PAYLOAD\n0 public [public public:local] update PAYLOAD\n"},
		{"a status that is not listed", unlisted, ""},
		{"an unlisted status", post(`{"id":"99","visibility":"unlisted","tags":[{"name":"a"}]}`), ""},
		{"a private status", post(`{"id":"99","visibility":"private"}`), ""},
		{"a status without a visibility", post(`{"id":"99"}`), ""},
		{"a reblog", post(public(`,"reblog":{"id":"5"},"tags":[{"name":"a"}]`)), ""},
		{"what is null is absent", post(public(`,"reblog":null,"tags":null,"mentions":null,"media_attachments":null,"in_reply_to_account_id":null`)),
			"0 public [public public:local] update PAYLOAD\n"},
		{"a reply to somebody else", post(public(`,"in_reply_to_account_id":"8","tags":[{"name":"a"}]`)),
			"0 hashtag/a [hashtag hashtag:local] update PAYLOAD\n"},
		{"a reply to oneself", post(public(`,"in_reply_to_account_id":"1"`)), "0 public [public public:local] update PAYLOAD\n"},
		{"a reply to the owner of a payload without an account", post(`{"id":"99","visibility":"public","in_reply_to_account_id":1}`),
			"0 public [public public:local] update PAYLOAD\n"},
		{"mentions are told by notifications", post(public(mentions)), "0 public [public public:local] update PAYLOAD\n"},
	} {
		cases = append(cases, changeCase{c.name, inserted(c.item), expand(homes+c.others, string(c.item.Payload))})
	}
	checkChanges(t, cases)
}

func TestAStatusIsRemovedFromItsAudience(t *testing.T) {
	checkChanges(t, []changeCase{
		{"local mentions are told too, each account once", removed(post(public(mentions + `,"tags":[{"name":"a"}]`))), `
			0 account/2 [user] delete 99
			0 account/3 [user] delete 99
			0 list/12 [list] delete 99
			0 hashtag/a [hashtag hashtag:local] delete 99
			0 public [public public:local] delete 99
			0 account/4 [user] delete 99
			`},
		{"the item's id serves where the payload has none", removed(&Item{Owner: "1", ID: "status#a#b", Kind: "status", Home: []string{"2"}, Payload: []byte(`{}`)}), `
			0 account/2 [user] delete a#b
			`},
		{"an id may be a number", removed(&Item{Owner: "1", ID: "status#5", Kind: "status", Home: []string{"2"}, Payload: []byte(`{"id":12345678901234567890}`)}), `
			0 account/2 [user] delete 12345678901234567890
			`},
	})
}

func TestAStatusThatChangesIsDecidedPerTopicAndStream(t *testing.T) {
	plain := post(public(`,"content":"a"` + mentions))
	edited := post(public(`,"content":"b"` + mentions))
	moved := post(public(`,"content":"a"` + mentions))
	moved.Home, moved.Lists = []string{"3", "6"}, []string{"13"}
	movedAndEdited := post(public(`,"content":"b"` + mentions))
	movedAndEdited.Home, movedAndEdited.Lists = moved.Home, moved.Lists
	hidden := post(public(`,"content":"a"` + mentions))
	no := false
	hidden.Listed = &no
	renamed := post(strings.Replace(public(""), `"99"`, `"100"`, 1))
	renamed.Home, renamed.Lists = []string{"2"}, nil
	checkChanges(t, []changeCase{
		{"an edit goes to all, and to the notifications of local mentions", modified(plain, edited), expand(`
			0 account/2 [user] status.update PAYLOAD
			0 account/3 [user] status.update PAYLOAD
			0 list/12 [list] status.update PAYLOAD
			0 public [public public:local] status.update PAYLOAD
			0 account/3 [user:notification] status.update PAYLOAD
			0 account/4 [user:notification] status.update PAYLOAD
			`, string(edited.Payload))},
		{"another home and list", modified(plain, moved), expand(`
			0 account/6 [user] update PAYLOAD
			0 list/13 [list] update PAYLOAD
			0 account/2 [user] delete 99
			0 list/12 [list] delete 99
			`, string(moved.Payload))},
		{"an edit with another home and list", modified(plain, movedAndEdited), expand(`
			0 account/3 [user] status.update PAYLOAD
			0 public [public public:local] status.update PAYLOAD
			0 account/6 [user] update PAYLOAD
			0 list/13 [list] update PAYLOAD
			0 account/2 [user] delete 99
			0 list/12 [list] delete 99
			0 account/3 [user:notification] status.update PAYLOAD
			0 account/4 [user:notification] status.update PAYLOAD
			`, string(movedAndEdited.Payload))},
		{"a status that is taken off public streams", modified(plain, hidden), `
			0 public [public public:local] delete 99
			`},
		{"an attachment is new on media streams alone", modified(post(public("")), post(public(`,"media_attachments":[{"id":"1"}]`))), expand(`
			0 account/2 [user] status.update PAYLOAD
			0 account/3 [user] status.update PAYLOAD
			0 list/12 [list] status.update PAYLOAD
			0 public [public public:local] status.update PAYLOAD
			0 public [public:media public:local:media] update PAYLOAD
			`, public(`,"media_attachments":[{"id":"1"}]`))},
		{"a mention that is taken back", modified(bare(public(mentions)), bare(public(`,"mentions":[{"id":"4","acct":"dave"}]`))), expand(`
			0 public [public public:local] status.update PAYLOAD
			0 account/4 [user:notification] status.update PAYLOAD
			0 account/3 [user] delete 99
			`, public(`,"mentions":[{"id":"4","acct":"dave"}]`))},
		{"another id is another status", modified(bare(public("")), renamed), expand(`
			0 public [public public:local] delete 99
			1 account/2 [user] update PAYLOAD
			1 public [public public:local] update PAYLOAD
			`, string(renamed.Payload))},
	})
}

// bare is a status that is in no home and on no list.
func bare(payload string) *Item { return item("status", "1", "99", payload) }

func TestOnlyWhatIsShownCountsAsAnEdit(t *testing.T) {
	const was = `{"id":"99","content":"a","favourites_count":1,"favourited":false,"poll":{"votes_count":1,"options":[{"title":"x","votes_count":1}]},"account":{"id":"1","note":"n"}}`
	for _, c := range []struct {
		now   string
		edits bool
	}{
		{was, false},
		{` { "content" : "\u0061", "id":"99","account":{"note":"n","id":"1"},"poll":{"options":[{"title":"x"}]} } `, false},
		{strings.Replace(was, `"favourites_count":1,"favourited":false`, `"favourites_count":2,"favourited":true,"pinned":true,"muted":true,"bookmarked":true,"reblogged":true`, 1), false},
		{strings.ReplaceAll(was, `"votes_count":1`, `"votes_count":2`), false},
		{strings.Replace(was, `"content":"a"`, `"content":"b"`, 1), true},
		{strings.Replace(was, `"content":"a"`, `"content":null`, 1), true},
		{strings.Replace(was, `"title":"x"`, `"title":"y"`, 1), true},
		{strings.Replace(was, `"note":"n"`, `"note":["n"]`, 1), true},
		{strings.Replace(was, `"content":"a",`, ``, 1), true},
		{strings.Replace(was, `"content":"a",`, `"content":"a","edited_at":"now",`, 1), true},
		{strings.Replace(was, `[{"title":"x","votes_count":1}]`, `[{"title":"x"},{"title":"y"}]`, 1), true},
		{strings.Replace(was, `[{"title":"x","votes_count":1}]`, `{}`, 1), true},
		{strings.Replace(was, `{"id":"1","note":"n"}`, `{"id":"1","note":{}}`, 1), true},
	} {
		messages, err := modified(post(was), post(c.now)).Messages()
		if err != nil {
			t.Fatal(err)
		}
		if got := len(messages) > 0; got != c.edits {
			t.Errorf("edit to %s: told %v, want %v", c.now, got, c.edits)
		}
	}
}

func BenchmarkMessagesOfAStatus(b *testing.B) {
	payload := public(mentions + `,"tags":[{"name":"a"}],"content":"` + strings.Repeat("word ", 300) + `"`)
	c := inserted(post(payload))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Messages(); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleChange_Messages() {
	c := Change{New: &Item{Owner: "1", ID: "status#5", Kind: "status", Home: []string{"2"},
		Payload: []byte(`{"id":"5","visibility":"public","account":{"id":"1","acct":"alice"}}`)}}
	messages, _ := c.Messages()
	for _, m := range messages {
		fmt.Println(m.Topic, m.Streams, m.Event)
	}
	// Output:
	// account/2 [user] update
	// public [public public:local] update
}
