package connectiontest

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"edgestream/functions/internal/stream"
)

// publicSegments is how many segments the public streams have, as where they are spread over several
// keys. Other topics have one.
const publicSegments = 8

// place is a slice of a segment. A connection is found in it from its first subscription there until it
// is closed, so that who looks has to see which it still has.
type place struct {
	segment stream.Segment
	slice   int
}

func hashOf(id string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(id))
	return h.Sum32()
}

// segments are where a topic's listeners are found.
func segments(t stream.Topic) []stream.Segment {
	if !t.IsPublic() {
		return []stream.Segment{stream.Segment("topic#" + t.String())}
	}
	all := make([]stream.Segment, publicSegments)
	for i := range all {
		all[i] = stream.Segment(fmt.Sprintf("topic#%s#%d", t, i))
	}
	return all
}

// placeOf is where a connection is found under a topic.
func placeOf(t stream.Topic, id string) place {
	hash, of := hashOf(id), segments(t)
	return place{of[int(hash>>8)%len(of)], int(hash >> 28)}
}

// places are where a subscription of the connection is found.
func (c *connection) places(sub stream.Subscription) []place {
	all := []place{placeOf(sub.Topic(c.session.Account), c.session.ID)}
	if sub.Stream == stream.User {
		all = append(all, placeOf(stream.EveryoneTopic(), c.session.ID))
	}
	return all
}

// index has the connection found where the subscription says.
func (m *Memory) index(c *connection, sub stream.Subscription) {
	for _, p := range c.places(sub) {
		at, known := m.found[p].at(c.session.ID)
		if known {
			m.found[p][at] = c
		} else {
			m.found[p] = slices.Insert(m.found[p], at, c)
		}
	}
}

// row is the connections of a place, by their ids.
type row []*connection

// at is where the id stands or would.
func (r row) at(id string) (at int, known bool) {
	return slices.BinarySearchFunc(r, id, func(c *connection, id string) int { return strings.Compare(c.session.ID, id) })
}

// remove removes a connection, if there is one with this id.
func (m *Memory) remove(id string) {
	c := m.open[id]
	if c == nil {
		return
	}
	m.connections[c.session.Account]--
	delete(m.open, id)
	for _, last := range c.last {
		for _, p := range c.places(last.sub) {
			if at, known := m.found[p].at(id); known {
				m.found[p] = slices.Delete(m.found[p], at, at+1)
			}
		}
	}
}

// in are the topic's listeners in one place.
func (m *Memory) in(t stream.Topic, p place) (found []stream.Listener) {
	for _, c := range m.found[p] {
		found = append(found, c.listens(t)...)
	}
	return found
}

// listens are the connection's subscriptions that hear the topic.
func (c *connection) listens(t stream.Topic) (found []stream.Listener) {
	for _, last := range c.last {
		everyone := t.IsEveryone() && last.sub.Stream == stream.User
		if !last.subscribed || !everyone && last.sub.Topic(c.session.Account) != t {
			continue
		}
		l := c.listener(last)
		if everyone {
			l.Since = time.Time{}
		}
		found = append(found, l)
	}
	return found
}

// listeners are the topic's in one segment.
func (m *Memory) listeners(t stream.Topic, s stream.Segment) (found []stream.Listener) {
	for slice := range stream.Slices {
		found = append(found, m.in(t, place{s, slice})...)
	}
	return found
}
