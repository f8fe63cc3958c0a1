package httpapi

import (
	"context"
	"encoding/json"
)

// trigger publishes one event on some channels.
func trigger(ctx context.Context, c call) (any, error) {
	f, err := c.fields()
	if err != nil {
		return nil, err
	}
	channels, err := channelsOf(f)
	if err != nil {
		return nil, err
	}
	p, err := c.publication(f, channels)
	if err != nil {
		return nil, err
	}
	said, err := c.publish(ctx, []publication{p})
	if err != nil || p.info.none() {
		return struct{}{}, err
	}
	return map[string]any{"channels": said}, nil
}

// fields are those of the body, and what else stands in the query.
func (c call) fields() (f fields, err error) {
	f = fields{}
	if len(c.body) > 0 {
		if f, err = fieldsOf(c.body, "The body"); err != nil {
			return nil, err
		}
	}
	add := func(name string, value any) {
		if _, ok := f[name]; !ok {
			f[name], _ = json.Marshal(value) // of text: cannot fail
		}
	}
	_, hasChannel := f["channel"]
	_, hasChannels := f["channels"]
	for key, values := range c.params {
		switch {
		case key == "name", key == "data", key == "socket_id", key == "info":
			add(key, values[0])
		case key == "channel" && !hasChannels:
			add(key, values[0])
		case key == channelsKey && !hasChannel:
			add("channels", values)
		}
	}
	return f, nil
}

func channelsOf(f fields) ([]string, error) {
	list, err := f.texts("channels")
	if err != nil {
		return nil, err
	}
	one, ok, err := f.text("channel")
	switch {
	case err != nil:
		return nil, err
	case ok && list != nil:
		return nil, invalid("Send channel or channels, not both")
	case ok:
		return []string{one}, nil
	case len(list) == 0:
		return nil, invalid("channels is missing")
	case len(list) > maxChannels:
		return nil, invalid("Too many channels: at most %d", maxChannels)
	}
	return list, nil
}

// triggerBatch publishes some events on a channel each.
func triggerBatch(ctx context.Context, c call) (any, error) {
	f, err := fieldsOf(c.body, "The body")
	if err != nil {
		return nil, err
	}
	events, err := f.objects("batch")
	if err != nil {
		return nil, err
	}
	if len(events) > maxBatch {
		return nil, invalid("Too many events in the batch: at most %d", maxBatch)
	}
	var batch []publication
	for _, event := range events {
		p, err := c.element(event)
		if err != nil {
			return nil, err
		}
		batch = append(batch, p)
	}
	said, err := c.publish(ctx, batch)
	if err != nil {
		return nil, err
	}
	return answerBatch(batch, said), nil
}

func (c call) element(f fields) (publication, error) {
	channel, ok, err := f.text("channel")
	if err == nil && !ok {
		err = invalid("channel is missing in an element of batch")
	}
	if err != nil {
		return publication{}, err
	}
	return c.publication(f, []string{channel})
}

// answerBatch says of each event what was asked of its channel; nothing at all if nobody asked.
func answerBatch(batch []publication, said map[string]attributes) any {
	asked := false
	list := make([]attributes, len(batch))
	for i, p := range batch {
		asked = asked || !p.info.none()
		list[i] = p.info.of(said[p.channels[0]])
	}
	if !asked {
		return struct{}{}
	}
	return map[string]any{"batch": list}
}

// publish stores all events, and returns what was asked of their channels. That is read first: a
// request that fails has published nothing, so that it can be sent again.
func (c call) publish(ctx context.Context, all []publication) (map[string]attributes, error) {
	events, err := byChannel(all)
	if err != nil {
		return nil, err
	}
	asked := map[string]info{}
	for _, p := range all {
		for _, channel := range p.channels {
			asked[channel] = asked[channel].and(p.info)
		}
	}
	said, err := c.look(ctx, asked)
	if err != nil || len(asked) == 0 {
		return nil, err
	}
	return said, c.Events.Publish(ctx, c.app.ID, events)
}
