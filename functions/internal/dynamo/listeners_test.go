package dynamo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgestream/functions/internal/awscall"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

func TestManyTopicsAreFoundInOneCall(t *testing.T) {
	c := newConnections(t, Limits{})
	user := stream.Subscription{Stream: stream.User}
	var topics []stream.Topic
	for i := range 250 {
		account := fmt.Sprint(i)
		topics = append(topics, stream.AccountTopic(account))
		if i%50 == 0 {
			opened(t, c, "A"+account+"=", account, user, tag("cats"), stream.Subscription{Stream: stream.Public})
		}
	}
	topics = append(topics, topics[0], stream.HashtagTopic("#CATS"), stream.HashtagTopic("dogs"), stream.PublicTopic(), stream.EveryoneTopic(), stream.ListTopic("1"))
	found, err := c.Listeners(t.Context(), topics)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for topic, audience := range found {
		got[topic.String()] = len(audience.Listeners)
	}
	want := map[string]int{"account/0": 1, "account/50": 1, "account/100": 1, "account/150": 1, "account/200": 1, "hashtag/cats": 5, "public": 5, "everyone": 5}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRowsPastTheirTimeAreNotFound(t *testing.T) {
	c := newConnections(t, Limits{})
	s := opened(t, c, "A1=", "1", stream.Subscription{Stream: stream.User}, tag("cats"))
	topics := []stream.Topic{stream.AccountTopic("1"), stream.HashtagTopic("cats"), stream.EveryoneTopic()}
	if found, err := c.Listeners(t.Context(), topics); err != nil || len(found) != 3 {
		t.Fatalf("%v, %v", found, err)
	}
	c.now = func() time.Time { return s.ConnectedAt.Add(lifetime + time.Second) }
	if found, err := c.Listeners(t.Context(), topics); err != nil || len(found) != 0 {
		t.Errorf("%v, %v", found, err)
	}
	if _, err := c.Session(t.Context(), s.Connection); !errors.Is(err, stream.ErrNoConnection) {
		t.Error(err)
	}
}

func TestForgetRemovesEverythingOfTheConnection(t *testing.T) {
	c := newConnections(t, Limits{})
	gone := opened(t, c, "A1=", "1", stream.Subscription{Stream: stream.User}, tag("cats"), stream.Subscription{Stream: stream.Public})
	opened(t, c, "B1=", "1", stream.Subscription{Stream: stream.User}, tag("cats"))
	topics := []stream.Topic{stream.AccountTopic("1"), stream.HashtagTopic("cats"), stream.PublicTopic(), stream.EveryoneTopic()}
	found, err := c.Listeners(t.Context(), topics)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range found[stream.HashtagTopic("cats")].Listeners {
		if l.ID == gone.ID {
			if err := errors.Join(c.Forget(t.Context(), l), c.Forget(t.Context(), l)); err != nil {
				t.Fatal(err)
			}
		}
	}
	found, err = c.Listeners(t.Context(), topics)
	if err != nil || len(found) != 3 {
		t.Fatalf("%v, %v", found, err)
	}
	for topic, audience := range found {
		if len(audience.Listeners) != 1 || audience.Listeners[0].ID != "B1=" || audience.Kept {
			t.Errorf("%v: %v", topic, audience)
		}
	}
	if n, _ := c.rowOf(t, accountKey("1")).Get("n").Int(); n != 1 {
		t.Errorf("account counts %d connections", n)
	}
}

func TestForgetRemovesAMappingThatHasOutlivedItsConnection(t *testing.T) {
	c := newConnections(t, Limits{})
	s := opened(t, c, "A1=", "1")
	for _, sub := range []stream.Subscription{{Stream: stream.User}, tag("Cats"), {Stream: stream.PublicLocal}} {
		if err := c.Close(t.Context(), s.Connection); err != nil {
			t.Fatal(err)
		}
		if !sub.Topic("1").IsAccount() { // a subscribe whose second step came after the disconnect
			if _, err := c.mapTopic(t.Context(), s, sub, firstHeld(s, sub), 1); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Forget(t.Context(), stream.Listener{Connection: s.Connection, Subscription: sub, Account: "1"}); err != nil {
			t.Fatal(err)
		}
		if found, err := c.Listeners(t.Context(), []stream.Topic{sub.Topic("1")}); err != nil || len(found) != 0 {
			t.Errorf("%v, %v", found, err)
		}
	}
}

func TestALateFirstStepOfADisconnectedUserStreamIsNoConnection(t *testing.T) {
	c := newConnections(t, Limits{})
	s := opened(t, c, "A1=", "1")
	if err := c.Close(t.Context(), s.Connection); err != nil {
		t.Fatal(err)
	}
	if _, err := c.mapAccount(t.Context(), s, stream.User, held{at: 5, on: true}, 5); !errors.Is(err, stream.ErrNoConnection) {
		t.Error(err)
	}
	if _, err := c.mapAccount(t.Context(), s, stream.User, held{at: 5}, 5); err != nil {
		t.Error(err)
	}
}

// answering is a store whose DynamoDB is the handler.
func answering(t *testing.T, handler func(operation, body string, w http.ResponseWriter)) *Connections {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		handler(operation, string(body), w)
	}))
	t.Cleanup(server.Close)
	cfg, _ := config(t)
	return NewConnections(awscall.New(cfg, "dynamodb", server.URL), "Connections", Limits{})
}

func TestKeysThatAreLeftUnprocessedAreAskedForAgain(t *testing.T) {
	var calls atomic.Int64
	c := answering(t, func(_, body string, w http.ResponseWriter) {
		if calls.Add(1) == 1 {
			_, _ = io.WriteString(w, `{"Responses":{"Connections":[{"pk":{"S":"account#1"},"@a":{"M":{"c":{"N":"4102444800000"},"s":{"M":{"user":{"N":"4102444800001"}}}}}}]},
				"UnprocessedKeys":{"Connections":{"ConsistentRead":true,"Keys":[{"pk":{"S":"account#2"},"sk":{"S":"account"}}]}}}`)
			return
		}
		if !strings.Contains(body, "account#2") || strings.Contains(body, "account#1") {
			t.Errorf("asked for %s", body)
		}
		_, _ = io.WriteString(w, `{"Responses":{"Connections":[{"pk":{"S":"account#2"},"@b":{"M":{"c":{"N":"4102444800000"},"s":{"M":{"direct":{"N":"4102444800001"},"user":{"N":"-4102444800001"}}}}}}]},"UnprocessedKeys":{}}`)
	})
	found, err := c.Listeners(t.Context(), []stream.Topic{stream.AccountTopic("1"), stream.AccountTopic("2")})
	if err != nil || len(found[stream.AccountTopic("1")].Listeners) != 1 || len(found[stream.AccountTopic("2")].Listeners) != 1 || calls.Load() != 2 {
		t.Errorf("%v, %v after %d calls", found, err, calls.Load())
	}
}

func TestATableThatStaysThrottledIsAnError(t *testing.T) {
	c := answering(t, func(operation, _ string, w http.ResponseWriter) {
		switch operation {
		case "BatchGetItem":
			_, _ = io.WriteString(w, `{"Responses":{},"UnprocessedKeys":{"Connections":{"Keys":[{"pk":{"S":"account#1"},"sk":{"S":"account"}}]}}}`)
		case "BatchWriteItem":
			_, _ = io.WriteString(w, `{"UnprocessedItems":{"Connections":[{"DeleteRequest":{"Key":{"pk":{"S":"x"},"sk":{"S":"y"}}}}]}}`)
		default:
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}`)
		}
	})
	ctx := context.Background()
	if _, err := c.Listeners(ctx, []stream.Topic{stream.AccountTopic("1")}); !errors.Is(err, table.ErrUnprocessed) {
		t.Error(err)
	}
	if err := c.table.DeleteAll(ctx, []table.Item{keyOf("x", "y")}); !errors.Is(err, table.ErrUnprocessed) {
		t.Error(err)
	}
	var e *awscall.Error
	if _, err := c.Listeners(ctx, []stream.Topic{stream.PublicTopic()}); !errors.As(err, &e) || !e.Throttled() {
		t.Error(err)
	}
}

func TestWhatCouldBeReadIsThereWithAnError(t *testing.T) {
	c := answering(t, func(operation, body string, w http.ResponseWriter) {
		switch {
		case operation == "BatchGetItem":
			_, _ = io.WriteString(w, `{"Responses":{"Connections":[{"pk":{"S":"account#1"},"@a":{"M":{"c":{"N":"4102444800000"},"s":{"M":{"user":{"N":"4102444800001"}}}}}}]}}`)
		case strings.Contains(body, "topic#public#7"):
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"x#ValidationException"}`)
		default:
			_, _ = io.WriteString(w, `{"Items":[]}`)
		}
	})
	one, two, list, public := stream.AccountTopic("1"), stream.AccountTopic("2"), stream.ListTopic("1"), stream.PublicTopic()
	found, err := c.Listeners(t.Context(), []stream.Topic{one, two, list, public})
	if !awscall.Is(err, "ValidationException") {
		t.Error(err)
	}
	for _, topic := range []stream.Topic{one, two, list} {
		if audience, ok := found[topic]; !ok || (len(audience.Listeners) == 1) != (topic == one) {
			t.Errorf("%v: %v, %v", topic, audience, ok)
		}
	}
	if _, ok := found[public]; ok {
		t.Error("a topic of which a part could not be read is there")
	}
}

func TestPagesAreFollowed(t *testing.T) {
	c := answering(t, func(_, body string, w http.ResponseWriter) {
		page := 1 + strings.Count(body, "ExclusiveStartKey")
		more := `,"LastEvaluatedKey":{"pk":{"S":"p"},"sk":{"S":"s"}}`
		if page == 2 {
			more = ""
		}
		_, _ = fmt.Fprintf(w, `{"Count":1,"Items":[{"pk":{"S":"topic#list/1"},"sk":{"S":"0000#id%d#list#1"},"t":{"N":"2"},"c":{"N":"1"},"a":{"S":"1"}}]%s}`, page, more)
	})
	found, err := c.Listeners(t.Context(), []stream.Topic{stream.ListTopic("1")})
	if listeners := found[stream.ListTopic("1")].Listeners; err != nil || len(listeners) != 2 || listeners[0].Param != "1" {
		t.Errorf("%v, %v", found, err)
	}
}

func TestRowsThatAreNoneOfOursAreLeftOut(t *testing.T) {
	c := answering(t, func(operation, _ string, w http.ResponseWriter) {
		if operation == "Query" {
			_, _ = io.WriteString(w, `{"Items":[{},{"sk":{"S":"x"}},{"sk":{"N":"1"}},{"sk":{"S":"0000#id"},"t":{"S":"now"}},{"sk":{"S":"x#y"},"a":{"S":"1"},"s":{"S":"user"}}]}`)
			return
		}
		_, _ = io.WriteString(w, `{"Responses":{"Connections":[{"pk":{"S":"account#1"},"@a":{"S":"x"},"@b":{"M":{}},"@c":{"M":{"c":{"S":"x"},"s":{"L":[]}}},"n":{"S":""}}]}}`)
	})
	found, err := c.Listeners(t.Context(), []stream.Topic{stream.ListTopic("1"), stream.EveryoneTopic(), stream.AccountTopic("1")})
	if err != nil || len(found) != 0 {
		t.Errorf("%v, %v", found, err)
	}
}

func TestAnAnswerThatIsNoneIsAnError(t *testing.T) {
	c := answering(t, func(_, _ string, w http.ResponseWriter) { _, _ = io.WriteString(w, `<html>`) })
	if _, err := c.Session(t.Context(), stream.Connection{ID: "x"}); err == nil || errors.Is(err, stream.ErrNoConnection) {
		t.Error(err)
	}
}
