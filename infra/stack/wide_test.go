package stack_test

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"
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

// Instances that are killed while they deliver hold their groups up for no longer than their lease, or
// than the queue's own timeout if they had not begun one; what comes again is what was being delivered.
func TestAWideStreamSurvivesTheInstancesThatDeliverIt(t *testing.T) {
	t.Parallel()
	w := newStack(t, "--stream-poll", "25ms", "--demo=false", "--parameter", "WideListeners=1", "--parameter", "WidePostsPerSecond=100",
		"--template", changedTemplate(t, "VisibilityTimeout: 90", "VisibilityTimeout: 60"))
	author, tag := fresh(), "kill"+fresh()
	const events = 40
	var listeners []*socket
	for range 8 {
		_, token, _ := w.member(t)
		listeners = append(listeners, w.dial(t, token, "stream=hashtag&tag="+tag))
	}
	for n := range events {
		w.content(t, row{"owner": author, "id": "broadcast#" + fresh(), "kind": "broadcast", "event": "n",
			"payload": strconv.Itoa(n), "topics": []any{row{"stream": "hashtag", "tag": tag}}})
	}
	listeners[0].expect(frame("0", "n", "hashtag", tag))
	killed := 0
	for _, p := range w.Processes() {
		if strings.Contains(p.Program, "DeliverFunction") && syscall.Kill(p.PID, syscall.SIGKILL) == nil {
			killed++
		}
	}
	if killed == 0 {
		t.Fatalf("no process of deliver among %v", w.Processes())
	}
	repeated := 0
	for i, s := range listeners {
		next := 0
		if i == 0 {
			next = 1
		}
		for next < events {
			got := s.next()
			switch {
			case got == frame(strconv.Itoa(next), "n", "hashtag", tag):
				next++
			case strings.Contains(got, `"event":"n"`):
				repeated++
				next = repeat(t, got, tag, next)
			default:
				t.Fatal(got)
			}
		}
	}
	t.Logf("%d instances were killed, %d events came twice", killed, repeated)
	eventually(t, "the queue is empty", func() bool { return w.stored(t, "DeliverQueue") == 0 })
}

// repeat is the event after one that came again, which must have come before.
func repeat(t *testing.T, got, tag string, next int) int {
	t.Helper()
	for n := range next {
		if got == frame(strconv.Itoa(n), "n", "hashtag", tag) {
			return n + 1
		}
	}
	t.Fatalf("%s came, and not %d", got, next)
	return 0
}
