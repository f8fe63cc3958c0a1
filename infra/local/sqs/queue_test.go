package sqs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// testQueue makes a queue and returns it with its service.
func testQueue(t *testing.T, name string, attributes map[string]string) (*Service, string) {
	t.Helper()
	s := New(Options{})
	arn, err := s.EnsureQueue(name, attributes)
	if err != nil {
		t.Fatal(err)
	}
	return s, arn
}

var fifo = map[string]string{"FifoQueue": "true", "ContentBasedDeduplication": "true"}

func send(t *testing.T, s *Service, queue string, m Message) string {
	t.Helper()
	id, err := s.SendMessage(queue, m)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func receive(t *testing.T, s *Service, queue string, wait time.Duration) []events.SQSMessage {
	t.Helper()
	m, err := s.ReceiveMessage(context.Background(), queue, 10, wait)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func bodies(messages []events.SQSMessage) string {
	var b []string
	for _, m := range messages {
		b = append(b, m.Body)
	}
	return strings.Join(b, " ")
}

func TestAReceivedMessageIsHiddenForItsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, q := testQueue(t, "q", map[string]string{"VisibilityTimeout": "10"})
		send(t, s, q, Message{Body: "a"})
		first := receive(t, s, q, 0)
		time.Sleep(10*time.Second - time.Nanosecond)
		if got := receive(t, s, q, 0); len(got) != 0 {
			t.Fatal("received again within the timeout")
		}
		time.Sleep(time.Nanosecond)
		again := receive(t, s, q, 0)
		if len(again) != 1 || again[0].MessageId != first[0].MessageId || again[0].Attributes["ApproximateReceiveCount"] != "2" ||
			again[0].Attributes["ApproximateFirstReceiveTimestamp"] != first[0].Attributes["ApproximateFirstReceiveTimestamp"] {
			t.Fatalf("%+v", again)
		}
		if err := s.DeleteMessage(t.Context(), q, first[0].ReceiptHandle); err != nil {
			t.Error(err)
		}
		if stored, _ := s.Messages(q); len(stored) != 1 {
			t.Error("an older receipt handle deleted the message")
		}
		if err := s.DeleteMessage(t.Context(), q, again[0].ReceiptHandle); err != nil {
			t.Error(err)
		}
		if stored, _ := s.Messages(q); len(stored) != 0 {
			t.Error("the message was not deleted")
		}
	})
}

func TestVisibilityCanBeChangedInFlightOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, q := testQueue(t, "q", nil)
		send(t, s, q, Message{Body: "a"})
		handle := receive(t, s, q, 0)[0].ReceiptHandle
		change := func(d time.Duration) error { return s.ChangeVisibility(t.Context(), q, handle, d) }
		if err := change(100 * time.Second); err != nil {
			t.Fatal(err)
		}
		time.Sleep(99 * time.Second)
		if len(receive(t, s, q, 0)) != 0 {
			t.Error("received although its timeout was extended")
		}
		if err := change(0); err != nil {
			t.Fatal(err)
		}
		if err := change(0); err != errNotInFlight {
			t.Errorf("error %v for a message that is not in flight", err)
		}
		if len(receive(t, s, q, 0)) != 1 {
			t.Error("not received although its timeout was set to 0")
		}
		for _, d := range []time.Duration{-time.Second, maxVisibility + time.Second} {
			if err := change(d); err == nil || !strings.Contains(err.Error(), "between 0 and 43200") {
				t.Errorf("error %v for %v", err, d)
			}
		}
	})
}

func TestDelaysHideNewMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, q := testQueue(t, "q", map[string]string{"DelaySeconds": "5"})
		none, ten := time.Duration(0), 10*time.Second
		send(t, s, q, Message{Body: "queue's"})
		send(t, s, q, Message{Body: "none", Delay: &none})
		send(t, s, q, Message{Body: "ten", Delay: &ten})
		began := time.Now()
		var got []string
		for range 3 {
			m := receive(t, s, q, 20*time.Second)
			got = append(got, fmt.Sprint(bodies(m), " ", time.Since(began)))
		}
		if diff := cmp.Diff([]string{"none 0s", "queue's 5s", "ten 10s"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestALongPollEndsWithAMessageOrItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, q := testQueue(t, "q", map[string]string{"ReceiveMessageWaitTimeSeconds": "7"})
		began := time.Now()
		if got := receive(t, s, q, -1); len(got) != 0 || time.Since(began) != 7*time.Second {
			t.Errorf("%v after %v, want nothing after the queue's 7s", got, time.Since(began))
		}
		go func() {
			time.Sleep(3 * time.Second)
			send(t, s, q, Message{Body: "a"})
		}()
		began = time.Now()
		if got := receive(t, s, q, 20*time.Second); bodies(got) != "a" || time.Since(began) != 3*time.Second {
			t.Errorf("%v after %v, want a after 3s", got, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.ReceiveMessage(ctx, q, 10, 20*time.Second); err != context.DeadlineExceeded {
			t.Errorf("error %v when the caller goes away", err)
		}
	})
}

func TestOneWaiterGetsOneMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, q := testQueue(t, "q", nil)
		got := make(chan string, 2)
		for range 2 {
			go func() { got <- bodies(receive(t, s, q, 5*time.Second)) }()
		}
		synctest.Wait()
		send(t, s, q, Message{Body: "a"})
		if all := []string{<-got, <-got}; slices.Max(all) != "a" || slices.Min(all) != "" {
			t.Errorf("two waiters got %q", all)
		}
	})
}

func TestMessagesPastTheirRetentionAreGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, q := testQueue(t, "q", map[string]string{"MessageRetentionPeriod": "60"})
		send(t, s, q, Message{Body: "a"})
		time.Sleep(time.Minute)
		if got := receive(t, s, q, 0); len(got) != 0 {
			t.Errorf("received %v", got)
		}
	})
}

func TestAMessageReceivedTooOftenIsMoved(t *testing.T) {
	for _, kind := range []string{"", ".fifo"} {
		t.Run("q"+kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				attributes := map[string]string{}
				if kind != "" {
					attributes = map[string]string{"FifoQueue": "true", "ContentBasedDeduplication": "true"}
				}
				s, dead := testQueue(t, "dead"+kind, attributes)
				attributes["RedrivePolicy"] = `{"deadLetterTargetArn":"` + dead + `","maxReceiveCount":"2"}`
				q, err := s.EnsureQueue("q"+kind, attributes)
				if err != nil {
					t.Fatal(err)
				}
				id := send(t, s, q, Message{Body: "a", GroupID: "g"})
				send(t, s, q, Message{Body: "b", GroupID: "g"})
				for range 2 {
					if got := bodies(receive(t, s, q, 0)); got != "a b" {
						t.Fatalf("received %q", got)
					}
					time.Sleep(30 * time.Second)
				}
				if got := receive(t, s, q, 0); len(got) != 0 {
					t.Errorf("received %v a third time", got)
				}
				moved := receive(t, s, dead, 0)
				if bodies(moved) != "a b" || moved[0].MessageId != id || moved[0].Attributes["DeadLetterQueueSourceArn"] != q || moved[0].Attributes["ApproximateReceiveCount"] != "1" {
					t.Errorf("%+v", moved)
				}
			})
		})
	}
}

func TestAGroupInFlightBlocksItselfOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, q := testQueue(t, "q.fifo", fifo)
		send(t, s, q, Message{Body: "g1", GroupID: "g"})
		first := receive(t, s, q, 0)
		send(t, s, q, Message{Body: "g2", GroupID: "g"})
		send(t, s, q, Message{Body: "h1", GroupID: "h"})
		if got := bodies(receive(t, s, q, 0)); got != "h1" {
			t.Errorf("received %q, want h1", got)
		}
		next := make(chan string)
		go func() { next <- bodies(receive(t, s, q, 20*time.Second)) }()
		synctest.Wait()
		if err := s.DeleteMessage(t.Context(), q, first[0].ReceiptHandle); err != nil {
			t.Fatal(err)
		}
		deleted := time.Now()
		if got := <-next; got != "g2" || time.Since(deleted) != 0 {
			t.Errorf("received %q %v after the deletion, want g2 at once", got, time.Since(deleted))
		}
	})
}

func TestAFIFOReceiptExpiresWithItsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, q := testQueue(t, "q.fifo", fifo)
		send(t, s, q, Message{Body: "a", GroupID: "g"})
		handle := receive(t, s, q, 0)[0].ReceiptHandle
		time.Sleep(30 * time.Second)
		if err := s.DeleteMessage(t.Context(), q, handle); err != errOldHandle {
			t.Errorf("error %v", err)
		}
	})
}

func TestARepeatedMessageIsSentOnceInFiveMinutes(t *testing.T) {
	for name, tt := range map[string]struct {
		attributes map[string]string
		other      Message // than {Body: "a", GroupID: "g", DeduplicationID: "1"}
		same       bool
	}{
		"same id, other body":                    {nil, Message{Body: "b", GroupID: "g", DeduplicationID: "1"}, true},
		"same id, other group":                   {nil, Message{Body: "a", GroupID: "h", DeduplicationID: "1"}, true},
		"same id, other group, by message group": {map[string]string{"DeduplicationScope": "messageGroup"}, Message{Body: "a", GroupID: "h", DeduplicationID: "1"}, false},
		"other id, same body":                    {nil, Message{Body: "a", GroupID: "g", DeduplicationID: "2"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				attributes := map[string]string{"FifoQueue": "true"}
				for k, v := range tt.attributes {
					attributes[k] = v
				}
				s, q := testQueue(t, "q.fifo", attributes)
				id := send(t, s, q, Message{Body: "a", GroupID: "g", DeduplicationID: "1"})
				m := receive(t, s, q, 0)
				if err := s.DeleteMessage(t.Context(), q, m[0].ReceiptHandle); err != nil {
					t.Fatal(err)
				}
				time.Sleep(5*time.Minute - time.Second)
				if again := send(t, s, q, tt.other); (again == id) != tt.same {
					t.Errorf("same message: %v, want %v", again == id, tt.same)
				}
				time.Sleep(time.Second)
				if again := send(t, s, q, Message{Body: "a", GroupID: "g", DeduplicationID: "1"}); again == id {
					t.Error("a message is still repeated after five minutes")
				}
			})
		})
	}
}

func TestContentMakesTheDeduplicationID(t *testing.T) {
	s, q := testQueue(t, "q.fifo", fifo)
	a, again, b := send(t, s, q, Message{Body: "a", GroupID: "g"}), send(t, s, q, Message{Body: "a", GroupID: "g"}), send(t, s, q, Message{Body: "b", GroupID: "g"})
	if a != again || a == b {
		t.Errorf("ids %s %s %s", a, again, b)
	}
	m := receive(t, s, q, 0)
	if bodies(m) != "a b" || m[0].Attributes["MessageDeduplicationId"] != "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb" ||
		m[0].Attributes["MessageGroupId"] != "g" || len(m[0].Attributes["SequenceNumber"]) != 20 || m[0].Attributes["SequenceNumber"] >= m[1].Attributes["SequenceNumber"] {
		t.Errorf("%+v", m)
	}
}

// Whatever is received, deleted, handed back or left to time out: the messages
// of a group are deleted in the order in which they were sent.
func TestAGroupKeepsItsOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		groups := rapid.SliceOfN(rapid.IntRange(0, 3), 1, 30).Draw(rt, "groups")
		actions := rapid.SliceOfN(rapid.IntRange(0, 5), 0, 60).Draw(rt, "actions")
		var want, got [4][]string
		synctest.Test(t, func(t *testing.T) {
			s, q := testQueue(t, "q.fifo", fifo)
			for i, g := range groups {
				body := fmt.Sprint(i)
				send(t, s, q, Message{Body: body, GroupID: fmt.Sprint(g)})
				want[g] = append(want[g], body)
			}
			step := func(action int) {
				if action == 0 {
					time.Sleep(31 * time.Second)
					return
				}
				for _, m := range receive(t, s, q, 0) {
					g := m.Attributes["MessageGroupId"][0] - '0'
					if action == 1 { // fail: the rest of the group must wait
						continue
					}
					if action == 2 {
						if err := s.ChangeVisibility(t.Context(), q, m.ReceiptHandle, 0); err != nil {
							t.Error(err)
						}
						continue
					}
					if err := s.DeleteMessage(t.Context(), q, m.ReceiptHandle); err != nil {
						t.Error(err)
					}
					got[g] = append(got[g], m.Body)
				}
			}
			for _, a := range actions {
				step(a)
			}
			for range len(groups) {
				step(0)
				step(5)
			}
		})
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatal(diff)
		}
	})
}

func TestMessagesAreChecked(t *testing.T) {
	str := func(s string) *string { return &s }
	day := 24 * time.Hour
	attribute := func(name string, a Attribute) Message {
		return Message{Body: "a", Attributes: map[string]Attribute{name: a}}
	}
	many := Message{Body: "a", Attributes: map[string]Attribute{}}
	for i := range 11 {
		many.Attributes[fmt.Sprint(i)] = Attribute{DataType: "String", StringValue: str("v")}
	}
	for name, tt := range map[string]struct {
		queue string
		m     Message
		want  string
	}{
		"no body":                    {"q", Message{}, "MessageBody"},
		"a control character":        {"q", Message{Body: "a\x00"}, "InvalidMessageContents"},
		"no UTF-8":                   {"q", Message{Body: "a\xff"}, "InvalidMessageContents"},
		"a byte too long":            {"q", Message{Body: strings.Repeat("a", maxMessage+1)}, "must be shorter than 1048576"},
		"too long with attributes":   {"q", Message{Body: strings.Repeat("a", maxMessage-7), Attributes: map[string]Attribute{"n": {DataType: "String", StringValue: str("v")}}}, "must be shorter"},
		"eleven attributes":          {"q", many, "exceeds the allowed maximum [10]"},
		"an attribute name of AWS's": {"q", attribute("aWs.x", Attribute{DataType: "String", StringValue: str("v")}), "name 'aWs.x' is invalid"},
		"dots in a row":              {"q", attribute("a..b", Attribute{DataType: "String", StringValue: str("v")}), "name 'a..b' is invalid"},
		"a long attribute name":      {"q", attribute(strings.Repeat("a", 257), Attribute{DataType: "String", StringValue: str("v")}), "is invalid"},
		"an unknown type":            {"q", attribute("a", Attribute{DataType: "Bool", StringValue: str("v")}), "Binary, Number, and String"},
		"no value":                   {"q", attribute("a", Attribute{DataType: "String.x"}), "non-empty"},
		"a value of another type":    {"q", attribute("a", Attribute{DataType: "Binary", StringValue: str("v")}), "non-empty"},
		"odd bytes in a value":       {"q", attribute("a", Attribute{DataType: "String", StringValue: str("\x01")}), "not allowed"},
		"a system attribute":         {"q", Message{Body: "a", System: map[string]Attribute{"X": {DataType: "String", StringValue: str("v")}}}, "system attribute name 'X'"},
		"a long delay":               {"q", Message{Body: "a", Delay: &day}, "DelaySeconds must be"},
		"deduplication on standard":  {"q", Message{Body: "a", DeduplicationID: "x"}, "not valid for this queue type"},
		"no group on FIFO":           {"q.fifo", Message{Body: "a"}, "MessageGroupId"},
		"no deduplication on FIFO":   {"plain.fifo", Message{Body: "a", GroupID: "g"}, "ContentBasedDeduplication enabled or"},
		"a delay on FIFO":            {"q.fifo", Message{Body: "a", GroupID: "g", Delay: &day}, "DelaySeconds"},
		"a space in a group":         {"q.fifo", Message{Body: "a", GroupID: "a b"}, "MessageGroupId can only"},
		"a long deduplication id":    {"q.fifo", Message{Body: "a", GroupID: "g", DeduplicationID: strings.Repeat("x", 129)}, "MessageDeduplicationId can only"},
		"no such queue":              {"nope", Message{Body: "a"}, "QueueDoesNotExist"},
		"another account's queue":    {"arn:aws:sqs:us-east-1:999999999999:q", Message{Body: "a"}, "QueueDoesNotExist"},
		"another account's URL":      {"http://localhost/999999999999/q", Message{Body: "a"}, "QueueDoesNotExist"},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := testQueue(t, "q", nil)
			for name, attributes := range map[string]map[string]string{"q.fifo": fifo, "plain.fifo": {"FifoQueue": "true"}} {
				if _, err := s.EnsureQueue(name, attributes); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := s.SendMessage(tt.queue, tt.m); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q in it", err, tt.want)
			}
		})
	}
	s, q := testQueue(t, "q", nil)
	send(t, s, q, Message{Body: strings.Repeat("a", maxMessage)})
	send(t, s, "http://any.host:1/000000000000/q", Message{Body: "tab\t, \U0001F600", GroupID: "fair"})
}

func TestAttributeDigestsAreThoseOfSDKs(t *testing.T) {
	str := func(s string) *string { return &s }
	a := Attribute{DataType: "String", StringValue: str("attribValue 1")}
	n := Attribute{DataType: "Number.float", StringValue: str("4563442423554324324264524243.32543234")}
	b := Attribute{DataType: "Binary", BinaryValue: []byte("Hello binary world!")}
	// Digests that independent implementations agree on.
	for want, attributes := range map[string]map[string]Attribute{
		"":                                 {},
		"19e27d4e946b072f3f58da80d94fd778": {"attribName1": a},
		"9fe1b90bbd9965bdf77bac517c7d2495": {"customNumberTypeAttrib": n},
		"31a92b15d92f8db860eda32aceb656c3": {"binaryAttribute": b},
		"c932db14a896c663f83c260297d594ff": {"attribName1": a, "customNumberTypeAttrib": n, "binaryAttribute": b},
	} {
		if got := attributesDigest(attributes); got != want {
			t.Errorf("digest %q of %v, want %q", got, attributes, want)
		}
	}
}

func TestEnsureQueueChangesAQueueThatIsThere(t *testing.T) {
	s, q := testQueue(t, "q", nil)
	send(t, s, q, Message{Body: "a"})
	again, err := s.EnsureQueue("q", map[string]string{"VisibilityTimeout": "0"})
	if err != nil || again != q || again != "arn:aws:sqs:us-east-1:000000000000:q" {
		t.Fatalf("%s %v", again, err)
	}
	for range 2 {
		if got := bodies(receive(t, s, q, 0)); got != "a" {
			t.Errorf("received %q: the new visibility timeout is not used", got)
		}
	}
	if _, err := s.EnsureQueue("q", map[string]string{"VisibilityTimeout": "x"}); err == nil {
		t.Error("a wrong attribute is accepted")
	}
	if err := s.Send(t.Context(), "nope", []byte("a")); err != errNoQueue {
		t.Errorf("error %v", err)
	}
	if _, err := s.Messages("nope"); err != errNoQueue {
		t.Errorf("error %v", err)
	}
}
