// Package hook tells an app's webhooks what happens on its channels,
// https://pusher.com/docs/channels/server_api/webhooks/.
//
// What happens is put on a queue by whoever sees it (Hooks), and posted by who empties the queue
// (Notifier), so that a receiver that is down delays nobody. What may be over in a moment is put
// there with a delay and looked at again: a channel that somebody came back to is not reported as
// vacated, nor a member as removed.
//
// # Occupied and vacated
//
// A row stands for a channel as long as its webhooks take it for occupied, and there is one for each
// member that was announced. Who makes the row reports that the channel was occupied, who removes it
// that it was vacated, and no one else, so the two alternate whoever comes and goes. A row is removed
// in three steps: it gets a mark that no other look makes, those who subscribe are looked for, and it
// goes if it has that mark still. Who subscribes leaves a mapping first and takes the mark away then.
// So either the look finds the mapping, or the mark is gone before the row can be, or the row is gone
// and is made anew.
//
// # What a receiver gets
//
// Events arrive at least once. Those of one app that were taken from the queue together are posted in
// the order in which they happened, those of one channel as its publisher has told them. What is posted again comes later than what happened since, and
// the queue keeps no strict order itself: the body's time_ms is what to go by.
//
// A post counts if it is answered with 2xx. Otherwise its events are put back for that receiver
// alone, with pauses that grow, for five minutes from when they happened; then they are dropped,
// counted, and reported whole to an operator.
package hook

import "time"

// The kinds of events.
const (
	ChannelOccupied   = "channel_occupied"
	ChannelVacated    = "channel_vacated"
	MemberAdded       = "member_added"
	MemberRemoved     = "member_removed"
	ClientEvent       = "client_event"
	CacheMiss         = "cache_miss"
	SubscriptionCount = "subscription_count"
)

// Event is one event as a receiver gets it.
type Event struct {
	Name    string `json:"name"`
	Channel string `json:"channel"`
	// User is the member, or the sender of a client event on a presence channel.
	User string `json:"user_id,omitempty"`
	// Event, Data and Socket are a client event's.
	Event  string  `json:"event,omitempty"`
	Data   *string `json:"data,omitempty"`
	Socket string  `json:"socket_id,omitempty"`
	// Subscriptions is a subscription_count's.
	Subscriptions *int `json:"subscription_count,omitempty"`
}

// Task is what is put on the queue: Events, or one look.
type Task struct {
	App string `json:"app"`
	// At is when the events happened, in milliseconds.
	At int64 `json:"at"`
	// Nano is which of the tasks of one millisecond comes first: the nanoseconds of that millisecond at
	// which it was reported.
	Nano   int64   `json:"ns,omitempty"`
	Events []Event `json:"events,omitempty"`
	// Vacated is a channel that seems to have no subscriber left, Left a member who seems to have gone,
	// and Count a channel whose subscriptions are to be counted again: the one that is given is looked
	// at when the task is due.
	Vacated string `json:"vacated,omitempty"`
	Left    *Left  `json:"left,omitempty"`
	Count   string `json:"count,omitempty"`
	// URL is the one receiver that a task that failed is repeated for, and Tries how often it has failed.
	URL   string `json:"url,omitempty"`
	Tries int    `json:"tries,omitempty"`
}

// Left is a user of a presence channel.
type Left struct {
	Channel string `json:"channel"`
	User    string `json:"user"`
}

const (
	// Settle is how long after it seemed so a task is looked at.
	Settle = 3 * time.Second
	// GiveUp is how long after it happened an event is posted for the last time.
	GiveUp = 5 * time.Minute
)
