package dynamo

import (
	"time"

	"edgestream/functions/internal/stream"
)

// head says that a topic is kept, and since and until when, in milliseconds. The zero head does not.
type head struct{ since, until int64 }

// readHead reads the head of an account's row, or of a row of its own.
func readHead(row item) (h head) {
	k := row.get("k").fields
	h.since, _ = k.get("s").int()
	h.until, _ = k.get("u").int()
	return h
}

func (h head) live(now time.Time) bool { return now.UnixMilli() < h.until }

// headKey is the row that has the topic's head: one that a look-up of the topic reads anyway.
func headKey(topic stream.Topic) item {
	if topic.IsAccount() {
		return accountKey(topic.ID)
	}
	return keyOf(topicPartitions(topic)[0], headSort)
}

// headSort is the sort key of heads. Those of mappings begin with a hash in hexadecimal.
const headSort = "!head"

// kept reports whether one of the rows is a live head.
func (c *Connections) kept(rows []item) bool {
	for _, row := range rows {
		if row.get("sk").text == headSort {
			return readHead(row).live(c.now())
		}
	}
	return false
}
