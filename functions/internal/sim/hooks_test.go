package sim

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"edgestream/functions/internal/hook"
	"edgestream/functions/internal/pusher"
)

// hooks are the webhooks of apps: the queue, notify, and one receiver.
type hooks struct {
	*channels
	// got are the events that the receiver has accepted, by app and channel.
	got map[string][]told
	// messages is how many were put on the queue.
	messages int
}

// told is an event as a receiver got it.
type told struct {
	hook.Event
	at int64
}

// row is the app's webhooks as Accounts has them.
func (h *hooks) row(app pusher.App) map[string]any {
	if app.ID != apps[0].ID {
		return map[string]any{"L": []any{}}
	}
	kinds := []string{hook.ChannelOccupied, hook.ChannelVacated, hook.MemberAdded, hook.MemberRemoved}
	return map[string]any{"L": []any{map[string]any{"M": map[string]any{"url": text("https://hooks.example/"), "events": map[string]any{"SS": kinds}}}}}
}

// hookQueue is the queue as one instance uses it.
type hookQueue struct {
	*actor
	scene *channels
}

// Put implements hook.Queue.
func (q hookQueue) Put(ctx context.Context, delay time.Duration, tasks ...hook.Task) error {
	texts := make([]string, len(tasks))
	for i, t := range tasks {
		texts[i] = t.Text()
	}
	err := q.do(ctx, operation{
		class: invokes, what: fmt.Sprint("puts on the queue ", texts), about: func() mark { return mark{} },
		effect: func() error {
			for _, text := range texts {
				q.scene.hooks.messages++
				q.scene.hooks.hand(hook.Message{ID: fmt.Sprint(q.scene.hooks.messages), Text: text}, delay)
			}
			return nil
		},
	})
	if err != nil {
		q.submit(fmt.Sprint(q.name, " has not put ", texts), func() { q.saw(lostTask) })
	}
	return err
}

// hand has notify invoked with a message, again after half a minute if it fails.
func (h *hooks) hand(m hook.Message, delay time.Duration) {
	h.soon(delay, func() {
		var failed []string
		h.run("notify", 20*time.Second, func(ctx context.Context, p *parts) error {
			ctx, cancel := early(ctx)
			defer cancel()
			failed = p.notifier().Notify(ctx, []hook.Message{m})
			return nil
		}, func(_ *actor, err error) {
			if err != nil || len(failed) > 0 {
				h.hand(m, 30*time.Second)
			}
		})
	})
}

// dropped is where events are reported that no receiver took.
type dropped struct{ *actor }

// Report implements hook.Reporter.
func (d dropped) Report(context.Context, []byte, string) error {
	d.submit(d.name+" gives a webhook up", func() { d.saw(droppedTask) })
	return nil
}

// receivers are those of webhooks, as one instance reaches them.
type receivers struct{ *actor }

// Post implements hook.Poster.
func (r receivers) Post(ctx context.Context, url string, p hook.Post) error {
	var body struct {
		At     int64        `json:"time_ms"`
		Events []hook.Event `json:"events"`
	}
	if err := json.Unmarshal(p.Body, &body); err != nil {
		return err
	}
	return r.do(ctx, operation{
		class: posts, what: fmt.Sprintf("tells %s of %v", url, body.Events), about: func() mark { return mark{} },
		effect: func() error {
			h := &r.scene.(*channels).hooks
			for _, e := range body.Events {
				if h.got == nil {
					h.got = map[string][]told{}
				}
				h.got[e.Channel] = append(h.got[e.Channel], told{e, body.At})
			}
			return nil
		},
	})
}

// check checks that channels were told to be occupied and vacated in turn, and as what they are in the
// end, unless something may have been lost.
func (h *hooks) check() {
	if h.weather.lost[stores] > 0 { // who made or removed a row, and was not told so, does not know that it was it
		return
	}
	for what := range h.seen {
		if strings.HasPrefix(what, "a death of") || what == lostTask || what == droppedTask {
			return
		}
	}
	for _, channel := range slices.Sorted(maps.Keys(h.got)) {
		all := slices.DeleteFunc(slices.Clone(h.got[channel]), func(t told) bool { return !strings.HasPrefix(t.Name, "channel_") })
		slices.SortStableFunc(all, func(a, b told) int { return cmp.Compare(a.at, b.at) })
		all = slices.CompactFunc(all, func(a, b told) bool { return a.at == b.at && a.Name == b.Name })
		for i, t := range all {
			if (t.Name == hook.ChannelOccupied) != (i%2 == 0) {
				h.fail("webhooks are told %s of %s at %d, as they were before", t.Name, channel, t.at)
			}
		}
	}
}

// What keeps webhooks from being told of everything.
const (
	lostTask    = "a task that could not be put on the queue"
	droppedTask = "a webhook that is given up"
)
