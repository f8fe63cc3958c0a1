package main

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"strconv"
)

// workload is what is asked of Edgestream in a month of 30 days.
type workload struct {
	// connections is how many are open at a time, on average, and minutes how long each stays.
	connections, minutes float64
	// notifications is how many each connection gets in an hour that are for its account alone, and
	// offline how many more go to accounts that have none open, for each of these.
	notifications, offline float64
	// streams have width listeners each, and say something events times in a minute. If public they are
	// spread over 8 keys, as the public streams are, and over one if not, as hashtags and lists are.
	streams, width, events float64
	public                 bool
	// messages is what a client sends in a session: subscribe, unsubscribe.
	messages float64
	// bytes is the size of a payload.
	bytes float64
	// ids is the share of sessions that ask for event ids, and of events that are kept for them.
	ids float64
	// shards is how many the stream of Content has.
	shards float64
}

// change is a quantity that a flag has set.
type change struct {
	flag string // with its value
	set  func(*workload)
}

// quantities declares a flag for each quantity, and returns those that are given.
func quantities(fs *flag.FlagSet) *[]change {
	var given []change
	number := func(name, help string, of func(*workload) *float64) {
		fs.Func(name, help, func(text string) error {
			x, err := strconv.ParseFloat(text, 64)
			if err != nil || x < 0 || math.IsInf(x, 0) || math.IsNaN(x) {
				return errors.New("a number from 0 on is needed")
			}
			given = append(given, change{"--" + name + " " + text, func(w *workload) { *of(w) = x }})
			return nil
		})
	}
	number("connections", "`number` open at a time, on average", func(w *workload) *float64 { return &w.connections })
	number("minutes", "`number` of minutes that a session lasts, 120 at the most", func(w *workload) *float64 { return &w.minutes })
	number("notifications", "`number` to each connection in an hour, for its account alone", func(w *workload) *float64 { return &w.notifications })
	number("offline", "`number` of notifications to accounts that are not connected, for each to one that is", func(w *workload) *float64 { return &w.offline })
	number("streams", "`number` of streams", func(w *workload) *float64 { return &w.streams })
	number("width", "`number` of listeners of each stream", func(w *workload) *float64 { return &w.width })
	number("events", "`number` of events a minute on each stream", func(w *workload) *float64 { return &w.events })
	number("messages", "`number` from a client in a session, such as subscribe", func(w *workload) *float64 { return &w.messages })
	number("bytes", "`number` of bytes of a payload", func(w *workload) *float64 { return &w.bytes })
	number("ids", "`share` of sessions with event ids, and of events kept for them, up to 1", func(w *workload) *float64 { return &w.ids })
	number("shards", "`number` of shards of the stream of Content, at least 1", func(w *workload) *float64 { return &w.shards })
	return &given
}

// String names the quantities as their flags do.
func (w workload) String() string {
	return fmt.Sprintf("--connections %g --minutes %g --notifications %g --offline %g --streams %g --width %g --events %g --messages %g --bytes %g --ids %g --shards %g",
		w.connections, w.minutes, w.notifications, w.offline, w.streams, w.width, w.events, w.messages, w.bytes, w.ids, w.shards)
}

// check refuses what the model does not describe.
func (w workload) check() error {
	switch {
	case w.minutes < 1 || w.minutes > 120:
		return errors.New("--minutes is from 1 to 120: API Gateway ends a connection after two hours")
	case w.ids > 1 || w.shards < 1:
		return errors.New("--ids is at most 1 and --shards at least 1")
	case w.connections == 0:
		return errors.New("--connections is 0: there is nothing to compare")
	case w.bytes+envelope > mostBytes:
		return fmt.Errorf("--bytes %g: a frame over 128 KB is not sent, so that a payload has %d bytes at the most", w.bytes, int(mostBytes-envelope))
	}
	return nil
}

const (
	monthMinutes = 30 * 24 * 60.0
	monthHours   = monthMinutes / 60
	monthSeconds = monthMinutes * 60
)

// listens is how many streams each connection listens to.
func (w workload) listens() float64 { return w.streams * w.width / w.connections }

// mind says what of the quantities does not fit together, which is billed all the same.
func (w workload) mind() string {
	switch n := w.listens(); {
	case w.streams > 0 && w.width > w.connections:
		return fmt.Sprintf("Mind: a stream with --width %s listeners has more than there are --connections, %s: say both.\n\n", whole(w.width), whole(w.connections))
	case n > 1+w.messages:
		return fmt.Sprintf("Mind: each connection would listen to %.3g streams (--streams times --width over --connections), but\n"+
			"subscribes to %.3g in this bill: to one as it opens, and to one with each of --messages.\n\n", n, 1+w.messages)
	case w.streams > 0 && n < 1:
		return fmt.Sprintf("Mind: of %s connections %s at the most hear anything (--streams times --width): where all do, raise --width or --streams too.\n\n",
			whole(w.connections), whole(w.streams*w.width))
	}
	return ""
}

// sessions is how many begin in a month.
func (w workload) sessions() float64 { return w.connections * monthMinutes / w.minutes }

// said is how many events the streams have in a month.
func (w workload) said() float64 { return w.streams * w.events * monthMinutes }

// delivered is how many events reach clients.
func (w workload) delivered() float64 {
	return w.connections*monthHours*w.notifications + w.said()*w.width
}

// sent is what clients send.
func (w workload) sent() float64 { return w.sessions() * w.messages }

// keys is how many keys a stream's listeners are spread over.
func (w workload) keys() float64 {
	if w.public {
		return publicKeys
	}
	return 1
}

// entry is the write units of an event in a log: a row and its copy in the index.
func (w workload) entry() float64 { return 2 * math.Ceil((w.bytes+300)/1024) }

// batches is how often records are taken that come at random times in a month: each shard is asked four
// times a second.
func (w workload) batches(records float64) float64 {
	polls := pollsPerSecond * w.shards * monthSeconds
	return max(polls*(1-math.Exp(-records/polls)), records/batchSize)
}

// times is the same with so many times the connections, and what grows with them: the listeners of an
// only stream, or else the number of streams.
func (w workload) times(factor float64) workload {
	w.connections *= factor
	if w.streams <= 1 {
		w.width *= factor
	} else {
		w.streams *= factor
	}
	return w
}
