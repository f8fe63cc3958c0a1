package stack_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// moves are what the list's log says of its going from one to another, as it stands there.
func (w *world) moves(t *testing.T, list string) (all []string) {
	t.Helper()
	got, err := w.db.Query(t.Context(), &dynamodb.QueryInput{
		TableName: aws.String("History"), ConsistentRead: aws.Bool(true),
		KeyConditionExpression:    aws.String("pk = :pk AND begins_with(sk, :control)"),
		ExpressionAttributeValues: row{":pk": "log#list/" + list, ":control": "control#"}.item(),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range got.Items {
		message := item["m"].(*types.AttributeValueMemberL).Value[0].(*types.AttributeValueMemberM).Value
		all = append(all, message["d"].(*types.AttributeValueMemberS).Value)
	}
	return all
}

// A list that was removed and made again is another one: whoever resumes is not shown what was said
// to it in between.
func TestAListThatIsMadeAgainShowsWhatIsSaidSince(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	account, token, list := w.member(t)
	topics := []any{row{"stream": "list", "list": list}}
	say := func(event string) {
		w.content(t, row{"owner": account, "id": "broadcast#" + fresh(), "kind": "broadcast", "event": event, "payload": "", "topics": topics})
	}
	known := map[string]bool{}
	s, r := w.dial(t, token, "stream=list&list="+list+numbers), w.read(t, account, path("list", "", list))
	s.begins("", "list", list)
	say("before")
	id, last := s.hears(known, "before"), r.expect(event{name: "before", data: "null"})

	key := row{"key": "list#" + list}.item()
	if _, err := w.db.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: aws.String("Accounts"), Key: key}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the log says that the list is nobody's", func() bool {
		return strings.Contains(strings.Join(w.moves(t, list), ""), `"to":""`)
	})
	moves := len(w.moves(t, list)) // the list's making may have been told too
	say("nobody's")
	w.published(t)
	// The times of changes are in seconds.
	said := time.Now().Unix()
	eventually(t, "another second", func() bool { return time.Now().Unix() > said })
	w.put(t, "Accounts", row{"key": "list#" + list, "account": account})
	eventually(t, "the log says whose the list is", func() bool { return len(w.moves(t, list)) > moves })
	say("again")

	r = w.listen(t, w.reading(t, account), path("list", "", list), http.Header{"Last-Event-Id": {last}})
	r.expect(event{name: "again", data: "null"})
	s = w.dial(t, token, "stream=list&list="+list+numbers+"&last_event_id="+url.QueryEscape(id))
	s.begins("", "list", list)
	s.hears(known, "again")
}

// What is said to everyone and to one account's notifications stands in two logs of its home. The
// stack is its own: on another, whoever resumes a minute later would hear it too.
func TestABroadcastThatNamesAnAccountTwiceComesOnce(t *testing.T) {
	t.Parallel()
	w := newStack(t, "--stream-poll", "25ms", "--demo=false")
	account, token, _ := w.member(t)
	s := w.dial(t, token, "stream=user"+numbers)
	id := s.begins("", "user")
	r := w.read(t, account, "/user")
	notices := w.read(t, account, "/user/notification")
	w.content(t, row{"owner": account, "id": "broadcast#1", "kind": "broadcast", "event": "maintenance", "payload": "",
		"topics": []any{row{"stream": "user:notification", "account": account}, row{"stream": "user"}}})
	w.content(t, note(account, "then", account))
	r.expect(event{name: "maintenance", data: "null"}, event{name: "then", data: "null"})
	notices.expect(event{name: "maintenance", data: "null"})
	s.hears(map[string]bool{}, "maintenance", "then")
	s.conn.CloseNow()
	s = w.dial(t, token, "stream=user"+numbers+"&last_event_id="+url.QueryEscape(id))
	s.begins("", "user")
	s.hears(map[string]bool{}, "maintenance", "then")
}
