package hook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"time"

	"edgestream/functions/internal/pusher"
)

// ErrReceiver is a URL that nothing is posted to.
var ErrReceiver = errors.New("nothing is posted to such a receiver")

// errRests is a receiver that has not answered in time just now.
var errRests = errors.New("the receiver has not answered in time just now")

const (
	// maxBody is how large a body grows by further events, in bytes: many servers take 100 KB.
	maxBody = 64 << 10
	// spare is the time that is kept for putting back what was not posted.
	spare = 3 * time.Second
)

// delivery is what one receiver of an app gets of a batch.
type delivery struct {
	*batch
	app pusher.App
	receiver
	tasks []held
}

// deliver posts side by side: a receiver that hangs holds up its own events alone.
func (b *batch) deliver(ctx context.Context, all []*delivery) {
	posting, cancel := ctx, context.CancelFunc(func() {})
	if deadline, ok := ctx.Deadline(); ok {
		posting, cancel = context.WithDeadline(ctx, deadline.Add(-min(spare, time.Until(deadline)/2)))
	}
	defer cancel()
	each(b.Receivers, all, func(d *delivery) { d.run(ctx, posting) })
}

// run posts the tasks in the order in which they happened. Once a post has failed, what is left is
// put back with it.
func (d *delivery) run(ctx, posting context.Context) {
	slices.SortStableFunc(d.tasks, func(a, b held) int { return inOrder(a.Task, b.Task) })
	for rest := d.tasks; len(rest) > 0; {
		n, body := fill(rest)
		if err := d.post(posting, body); err != nil {
			d.again(ctx, rest, err)
			return
		}
		d.count(func(t *Tally) {
			t.Posts++
			for _, one := range rest[:n] {
				t.Events += len(one.Events)
			}
		})
		rest = rest[n:]
	}
}

// post makes one request.
func (d *delivery) post(ctx context.Context, body []byte) error {
	if d.resting.has(d.url, d.Now()) {
		return errRests
	}
	waiting, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	err := d.Poster.Post(waiting, d.url, Post{Key: d.app.Key, Signature: pusher.Sign(d.app.Secret, string(body)), Body: body})
	if err != nil && waiting.Err() != nil && ctx.Err() == nil {
		d.resting.add(d.url, d.Now())
	}
	return err
}

// body is what is posted,
// https://pusher.com/docs/channels/server_api/webhooks/#webhook-format.
type body struct {
	// TimeMS is when the last of the events happened.
	TimeMS int64   `json:"time_ms"`
	Events []Event `json:"events"`
}

// fill makes a body of the first n tasks, at least one, which are in order.
func fill(tasks []held) (n int, text []byte) {
	var b body
	size := 0
	for _, t := range tasks {
		size += len(t.Text())
		if n > 0 && size > maxBody {
			break
		}
		b.TimeMS, b.Events = t.At, append(b.Events, t.Events...)
		n++
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	_ = e.Encode(b) // texts and numbers always marshal
	return n, bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// again puts the tasks back for this receiver, and drops those whose time is over.
func (d *delivery) again(ctx context.Context, tasks []held, reason error) {
	d.Log.WarnContext(ctx, "webhook failed", "app", d.app.ID, "receiver", host(d.url), "tasks", len(tasks), "reason", reason.Error())
	d.count(func(t *Tally) {
		if errors.Is(reason, errRests) {
			t.Rested += len(tasks)
		} else {
			t.Failed++
		}
	})
	pauses := map[time.Duration][]held{}
	longest := d.pauses()
	for _, t := range tasks {
		t.Tries++
		left := time.UnixMilli(t.At).Add(GiveUp).Sub(d.Now())
		if left < time.Second || errors.Is(reason, ErrReceiver) {
			d.drop(ctx, t, reason)
			continue
		}
		pause := max(time.Second, min(longest(t.Tries), left).Truncate(time.Second))
		pauses[pause] = append(pauses[pause], t)
	}
	for pause, tasks := range pauses {
		d.putBack(ctx, pause, tasks, reason)
	}
}

// pauses says how long to wait after so many tries: about twice as long each time, with jitter. Tasks
// that were tried as often wait as long, and so are put back, and posted, together.
func (d *delivery) pauses() func(tries int) time.Duration {
	known := map[int]time.Duration{}
	return func(tries int) time.Duration {
		tries = min(tries, 9) // over GiveUp
		if known[tries] == 0 {
			half := time.Second << tries / 2
			known[tries] = half + d.Jitter(half)
		}
		return known[tries]
	}
}

// putBack puts tasks back for this receiver. What a look has found is given up if that fails: looking
// again would not show it.
func (d *delivery) putBack(ctx context.Context, pause time.Duration, tasks []held, reason error) {
	var plain []Task
	for _, t := range tasks {
		plain = append(plain, t.Task)
	}
	err := d.Queue.Put(ctx, pause, plain...)
	if err == nil {
		d.count(func(t *Tally) { t.Repeated += len(tasks) })
		return
	}
	for _, t := range tasks {
		if t.look {
			d.drop(ctx, t, errors.Join(reason, err))
		} else {
			d.fail(ctx, t.message, "webhook not put back", err)
		}
	}
}

// drop gives up a task, which an operator finds whole.
func (d *delivery) drop(ctx context.Context, t held, reason error) {
	d.count(func(t *Tally) { t.Dropped++ })
	d.Log.ErrorContext(ctx, "webhook dropped", "app", d.app.ID, "receiver", host(d.url), "events", len(t.Events), "tries", t.Tries, "reason", reason.Error())
	if err := d.Reporter.Report(ctx, []byte(t.Text()), "webhook: "+reason.Error()); err != nil {
		d.Log.ErrorContext(ctx, "webhook not reported", "app", d.app.ID, "reason", err.Error())
	}
}

// host is what a log may say of a URL: paths hold secrets.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}
