package dynamo

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"edgestream/functions/internal/stream"
)

// gathering collects audiences from several requests at once.
type gathering struct {
	mu      sync.Mutex
	byTopic map[stream.Topic]stream.Audience
	failed  map[stream.Topic]bool
	errs    []error
	// cut is how many listeners a topic has at the most that is not wide (0: any), and out how many were read
	// of each topic in segments that are left out.
	cut int
	out map[stream.Topic]int
}

func (g *gathering) fail(topics []stream.Topic, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.errs = append(g.errs, err)
	for _, topic := range topics {
		g.failed[topic] = true
	}
}

// add adds to a topic's audience. A listener with ids may resume, whether there is a head or not.
func (g *gathering) add(topic stream.Topic, listeners []stream.Listener, kept bool) {
	kept = kept || anyWithIDs(listeners)
	if len(listeners) == 0 && !kept {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.byTopic[topic]
	a.Listeners, a.Kept = append(a.Listeners, listeners...), a.Kept || kept
	g.byTopic[topic] = a
}

func anyWithIDs(listeners []stream.Listener) bool {
	return slices.ContainsFunc(listeners, func(l stream.Listener) bool { return l.EventIDs })
}

// leaveOut says that a segment of the topic is wide, in which so many listeners were read.
func (g *gathering) leaveOut(topic stream.Topic, listeners int, s stream.Segment) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.out[topic] += listeners
	if a := g.byTopic[topic]; !slices.Contains(a.Wide, s) {
		a.Wide = append(a.Wide, s)
		g.byTopic[topic] = a
	}
}

// isOut reports whether a segment of the topic is wide.
func (g *gathering) isOut(topic stream.Topic) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.byTopic[topic].Wide) > 0
}

// result is what was found of the topics, and the first error.
func (g *gathering) result(topics []stream.Topic) (map[stream.Topic]stream.Audience, error) {
	g.cutAll()
	g.sort()
	if len(g.errs) == 0 {
		return g.byTopic, nil
	}
	for _, topic := range topics {
		if g.failed[topic] {
			delete(g.byTopic, topic)
		} else if _, ok := g.byTopic[topic]; !ok {
			g.byTopic[topic] = stream.Audience{}
		}
	}
	return g.byTopic, fmt.Errorf("listeners of %d of %d topics: %w", len(g.failed), len(topics), g.errs[0])
}

// cutAll leaves out all segments of the topics that have more listeners than those that are not wide.
func (g *gathering) cutAll() {
	for topic, a := range g.byTopic {
		if g.cut > 0 && mayBeWide(topic) && len(a.Listeners)+g.out[topic] > g.cut {
			a.Wide, a.Listeners = segmentsOf(topic), nil
			g.byTopic[topic] = a
		}
	}
}

// sort puts each topic's listeners into an order that does not depend on which answer came first. Of
// EveryoneTopic, which is one segment, there are none if that is wide.
func (g *gathering) sort() {
	for topic, audience := range g.byTopic {
		if topic.IsEveryone() && len(audience.Wide) > 0 {
			audience.Listeners = nil
			g.byTopic[topic] = audience
		}
		slices.Sort(audience.Wide)
		slices.SortFunc(audience.Listeners, func(a, b stream.Listener) int {
			if a.ID == b.ID {
				return cmp.Or(strings.Compare(string(a.Stream), string(b.Stream)), strings.Compare(a.Param, b.Param))
			}
			return cmp.Or(cmp.Compare(hashOf(a.ID), hashOf(b.ID)), strings.Compare(a.ID, b.ID))
		})
	}
}
