package stream

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// event is one event of a channel, or several in their order, said once.
type event struct{ messages []Message }

// eventBody is an event as the payload of its item has it.
type eventBody struct {
	Name string          `json:"name"`
	Data json.RawMessage `json:"data"`
	// Socket is the socket that does not get it.
	Socket string `json:"socket_id"`
	// User is who sent it.
	User identifier `json:"user_id"`
}

// readEvent reads the events that an application says.
func readEvent(item *Item) (entity, error) { return readEvents(item, checkEvent) }

// readClient reads an event that a client says to the others.
func readClient(item *Item) (entity, error) {
	return readEvents(item, func(name string) error {
		if !strings.HasPrefix(name, "client-") {
			return errors.New(`the name of a client's event begins with "client-"`)
		}
		return checkEvent(name)
	})
}

func readEvents(item *Item, check func(name string) error) (entity, error) {
	app, channel, err := channelOf(item)
	if err != nil {
		return nil, err
	}
	bodies, err := eventBodies(item)
	if err != nil {
		return nil, err
	}
	e := event{make([]Message, len(bodies))}
	for i, body := range bodies {
		data, err := body.data()
		if err = errors.Join(check(body.Name), err); err != nil {
			return nil, fmt.Errorf("event %d: %w", i, err)
		}
		m := toChannel(app, channel, body.Name, data)
		m.Part, m.Except, m.User = i, body.Socket, string(body.User)
		e.messages[i] = m
	}
	return e, nil
}

// eventBodies reads a payload of one event, or of a list of them.
func eventBodies(item *Item) (bodies []eventBody, err error) {
	if trimmed := bytes.TrimLeft(item.Payload, " \t\r\n"); len(trimmed) > 0 && trimmed[0] == '[' {
		err = unmarshal(item.Payload, &bodies)
	} else {
		bodies = make([]eventBody, 1)
		err = decode(item, &bodies[0])
	}
	if err == nil && len(bodies) == 0 {
		err = errors.New("the payload has no event")
	}
	return bodies, err
}

// data is the text that clients get: a JSON string's text, and what is anything else as JSON.
func (b eventBody) data() (data []byte, err error) {
	switch {
	case b.Data == nil:
		return nil, errors.New("the event has no data")
	case b.Data[0] == '"':
		var text string
		err = json.Unmarshal(b.Data, &text)
		data = []byte(text)
	default:
		var compact bytes.Buffer
		err = json.Compact(&compact, b.Data)
		data = compact.Bytes()
	}
	if len(data) > maxEventData {
		return nil, fmt.Errorf("the event's data has more than %d bytes", maxEventData)
	}
	return data, err
}

func (e event) shownAs() string           { return "" }
func (e event) inserted() []Message       { return e.messages }
func (e event) modified(entity) []Message { return nil }
func (e event) removed() []Message        { return nil }
