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
	kept = kept || slices.ContainsFunc(listeners, func(l stream.Listener) bool { return l.EventIDs })
	if len(listeners) == 0 && !kept {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.byTopic[topic]
	g.byTopic[topic] = stream.Audience{Listeners: append(a.Listeners, listeners...), Kept: a.Kept || kept}
}

// result is what was found of the topics, and the first error.
func (g *gathering) result(topics []stream.Topic) (map[stream.Topic]stream.Audience, error) {
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

// sort puts each topic's listeners into an order that does not depend on which answer came first.
func (g *gathering) sort() {
	for _, audience := range g.byTopic {
		slices.SortFunc(audience.Listeners, func(a, b stream.Listener) int {
			if a.ID == b.ID {
				return cmp.Or(strings.Compare(string(a.Stream), string(b.Stream)), strings.Compare(a.Param, b.Param))
			}
			return cmp.Or(cmp.Compare(hashOf(a.ID), hashOf(b.ID)), strings.Compare(a.ID, b.ID))
		})
	}
}
