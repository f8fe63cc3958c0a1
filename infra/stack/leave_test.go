package stack_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/coder/websocket"
)

// settled is a member whose socket listens to streams of every kind, subscribed by messages.
func settled(t *testing.T, w *world, account, token, list string) (s *socket, id string) {
	t.Helper()
	before := w.connections(t, account)
	s = w.dial(t, token, "")
	for _, each := range w.connections(t, account) {
		if len(before) == 0 || each != before[0] {
			id = each
		}
	}
	for _, text := range []string{subscribe("user", "", ""), subscribe("direct", "", ""), subscribe("public:remote:media", "", ""),
		subscribe("hashtag", "tag"+account, ""), subscribe("list", "", list)} {
		s.send(text)
	}
	w.handled(t, id, 5)
	return s, id
}

// rows are those of Connections that a connection has of its own, but for what is left of an
// unsubscribe, which is nobody's mapping and ends by itself.
func (w *world) rows(t *testing.T, id string) (own []map[string]types.AttributeValue) {
	t.Helper()
	for _, item := range w.scan(t, "Connections") {
		if item["off"] == nil && strings.Contains(*text(item["sk"]), "#"+id) {
			own = append(own, item)
		}
	}
	return own
}

// left waits until a connection has no rows, and is not named in its account's.
func (w *world) left(t *testing.T, account, id string) {
	t.Helper()
	eventually(t, "the connection's rows are gone", func() bool {
		for _, each := range w.connections(t, account) {
			if each == id {
				return false
			}
		}
		return len(w.rows(t, id)) == 0
	})
}

func TestADisconnectRemovesTheConnectionsRowsAndASecondOneIsHarmless(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	account, token, list := w.member(t)
	stays, stayID := settled(t, w, account, token, list)
	leaves, leaveID := settled(t, w, account, token, list)
	if n := len(w.rows(t, leaveID)); n != 4 {
		t.Errorf("%d rows before, want the connection and three topics", n)
	}
	connectedAt := w.connectedAt(t, leaveID)
	leaves.conn.Close(websocket.StatusNormalClosure, "")
	w.left(t, account, leaveID)
	for range 2 {
		answer := w.invoke(t, "DisconnectFunction", map[string]any{"requestContext": map[string]any{"routeKey": "$disconnect",
			"eventType": "DISCONNECT", "connectionId": leaveID, "connectedAt": connectedAt, "disconnectStatusCode": 1000}})
		if !strings.HasPrefix(answer, `{"statusCode":200`) {
			t.Errorf("called again, it answers %s", answer)
		}
	}
	if n := len(w.rows(t, stayID)); n != 4 {
		t.Errorf("the other connection has %d rows", n)
	}
	w.content(t, note(account, "still", account))
	stays.expect(frame("", "still", "user"))
}

// connectedAt is when a connection was made, in milliseconds, as its row's key says.
func (w *world) connectedAt(t *testing.T, id string) (ms any) {
	t.Helper()
	for _, item := range w.rows(t, id) {
		if at, of, ok := strings.Cut(*text(item["sk"]), "#"); ok && of == id {
			return jsonNumber(strings.TrimLeft(at, "0"))
		}
	}
	t.Fatal("the connection has no row")
	return nil
}

// A $disconnect is best effort on AWS. What a lost one leaves goes with the first event that
// finds the connection gone.
func TestALostDisconnectIsMadeUpForByTheNextEvent(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	account, token, list := w.member(t)
	stays, stayID := settled(t, w, account, token, list)
	leaves, leaveID := settled(t, w, account, token, list)
	kept := append(w.rows(t, leaveID), w.accountRow(t, account))
	leaves.conn.CloseNow()
	w.left(t, account, leaveID)
	for _, item := range kept { // as if $disconnect had never run
		if _, err := w.db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("Connections"), Item: item}); err != nil {
			t.Fatal(err)
		}
	}
	w.content(t, row{"owner": account, "id": "broadcast#1", "kind": "broadcast", "event": "e", "payload": "",
		"topics": []any{row{"stream": "hashtag", "tag": "tag" + account}}})
	stays.expect(frame("", "e", "hashtag", "tag"+account))
	w.left(t, account, leaveID)
	if n := len(w.rows(t, stayID)); n != 4 {
		t.Errorf("the other connection has %d rows", n)
	}
	w.content(t, note(account, "still", account))
	stays.expect(frame("", "still", "user"))
}

func (w *world) accountRow(t *testing.T, account string) map[string]types.AttributeValue {
	t.Helper()
	got, err := w.db.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("Connections"), ConsistentRead: aws.Bool(true),
		Key: row{"pk": "account#" + account, "sk": "account"}.item()})
	if err != nil {
		t.Fatal(err)
	}
	return got.Item
}
