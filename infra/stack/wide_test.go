package stack_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// A stream that comes to have many listeners, and then few again, goes through the queue in between:
// every listener has what was written while it listened, once and in order, whichever way it came.
func TestAStreamKeepsItsOrderWhileItIsWide(t *testing.T) {
	t.Parallel()
	w := newStack(t, "--stream-poll", "25ms", "--demo=false", "--parameter", "WideListeners=3", "--parameter", "WidePostsPerSecond=1000")
	author, tag := fresh(), "wide"+fresh()
	written := 0
	write := func(n int) {
		for range n {
			w.content(t, row{"owner": author, "id": "broadcast#" + fresh(), "kind": "broadcast", "event": "n",
				"payload": strconv.Itoa(written), "topics": []any{row{"stream": "hashtag", "tag": tag}}})
			written++
		}
	}
	listeners := map[*socket]int{} // and what each is to get first
	listen := func(n int) (opened []*socket) {
		for range n {
			_, token, _ := w.member(t)
			s := w.dial(t, token, "stream=hashtag&tag="+tag)
			listeners[s], opened = written, append(opened, s)
		}
		return opened
	}
	stay := listen(2)
	write(20)
	leave := listen(8)
	write(40)
	for _, s := range leave {
		follow(t, s, tag, listeners[s], written)
		s.conn.CloseNow()
	}
	write(40)
	for _, s := range stay {
		follow(t, s, tag, 0, written)
	}
	if n := w.Counts()["DeliverFunction"]; n == 0 {
		t.Error("nothing went through the queue")
	}
	eventually(t, "the queue is empty", func() bool { return w.stored(t, "DeliverQueue") == 0 })
	if n := w.stored(t, "DeliverFailures"); n > 0 {
		t.Errorf("%d parts could not be delivered", n)
	}
	eventually(t, "the stream is narrow again", func() bool {
		for _, item := range w.scan(t, "Connections") {
			if strings.HasPrefix(*text(item["sk"]), "!wide#") {
				return false
			}
		}
		return true
	})
}

// follow reads what was written of the stream, from the first on, up to the last. A listener may get
// what was on its way when it came.
func follow(t *testing.T, s *socket, tag string, first, end int) {
	t.Helper()
	got := s.next()
	n := first
	for n > 0 && got != frame(strconv.Itoa(n), "n", "hashtag", tag) {
		n--
	}
	for ; ; got = s.next() {
		if want := frame(strconv.Itoa(n), "n", "hashtag", tag); got != want {
			t.Fatalf("event %d, of %d to %d, is %s", n, first, end, got)
		}
		if n++; n == end {
			return
		}
	}
}

// stored is how many messages a queue has, in flight or not.
func (w *world) stored(t *testing.T, queue string) (n int) {
	t.Helper()
	var queues struct {
		QueueURLs []string `json:"QueueUrls"`
	}
	w.sqs(t, "ListQueues", map[string]any{"QueueNamePrefix": queue}, &queues)
	if len(queues.QueueURLs) != 1 {
		t.Fatalf("queues %v", queues.QueueURLs)
	}
	var got struct{ Attributes map[string]string }
	w.sqs(t, "GetQueueAttributes", map[string]any{"QueueUrl": queues.QueueURLs[0], "AttributeNames": []string{"All"}}, &got)
	for _, name := range []string{"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"} {
		some, err := strconv.Atoi(got.Attributes[name])
		if err != nil {
			t.Fatal(fmt.Errorf("%s of %s: %w", name, queue, err))
		}
		n += some
	}
	return n
}
