package dynamo

import (
	"context"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// A segment of a topic is one of the keys that its mappings are spread over, and its text is that key.
// EveryoneTopic is one segment, whose slices are the keys of the connections: what is under way to it
// stands beside its head, where no reader of connections finds it.

// everyoneSegment is the segment of EveryoneTopic.
var everyoneSegment = stream.Segment(topicPartitions(stream.EveryoneTopic())[0])

// spareRows is how many rows are read beyond the listeners that are looked for: head, tombstones, and
// those whose time has run out.
const spareRows = 8

// CutFrom is the same table with look-ups that leave wide segments out: those of a topic with more than n
// listeners, those that have more than twice their share of n of a topic that is spread over several keys, and
// those of which something is open, see Slices. They are in Audience.Wide, and of their rows about as many are
// read as it takes to know. What is kept is known of them too: whoever may resume has had a head written
// before its mapping. 0: none is.
//
// Accounts' topics are never wide, nor are those whose mappings the publisher itself keeps: channels
// that join, and who watches somebody.
func (c *Connections) CutFrom(n int) *Connections {
	cut := *c
	cut.cut = n
	return &cut
}

// most is how many listeners a key of the topic has at the most that is not wide; 0: there is no limit. Keys
// have different numbers by chance, so a key may have more than its share of those who listen to a topic
// that is not wide, but hardly twice as many.
func (c *Connections) most(topic stream.Topic) int {
	switch {
	case c.cut <= 0 || !mayBeWide(topic):
		return 0
	case topic.IsEveryone():
		return share(c.cut, connectionKeys)
	}
	return share(c.cut, len(topicPartitions(topic)))
}

func share(n, keys int) int { return min(n, max(1, 2*n/keys)) }

func mayBeWide(topic stream.Topic) bool {
	_, channel, ok := topic.Channel()
	return !topic.IsAccount() && (!topic.OfApp() || ok && !pusher.Channel(channel).Joins())
}

// limitOf is how many rows to read at a time where there may be so many listeners; 0: as many as
// DynamoDB gives.
func limitOf(most int) int {
	if most == 0 {
		return 0
	}
	return most + spareRows
}

// segment reads the mappings of one key of a topic, and its head if it stands there.
func (c *Connections) segment(ctx context.Context, topic stream.Topic, pk string, found *gathering) error {
	most := c.most(topic)
	var listeners []stream.Listener
	kept, wide := false, false
	err := c.query(ctx, "pk = :pk", table.Item{{":pk", table.Text(pk)}}, limitOf(most), func(rows []table.Item) bool {
		listeners = append(listeners, c.mappings(rows)...)
		kept = kept || c.kept(rows)
		wide = most > 0 && (len(listeners) > most || c.underWay(rows))
		return wide
	})
	if err != nil {
		return err
	}
	if wide {
		found.leaveOut(topic, len(listeners), stream.Segment(pk))
		kept, listeners = kept || anyWithIDs(listeners), nil
	}
	found.add(topic, listeners, kept)
	return nil
}

// segmentsOf are all segments of a topic that may be wide.
func segmentsOf(topic stream.Topic) (all []stream.Segment) {
	for _, pk := range topicPartitions(topic) {
		all = append(all, stream.Segment(pk))
	}
	return all
}
