package httpapi

import (
	"bytes"
	"encoding/json"
	"strings"

	"edgestream/functions/internal/pusher"
)

const (
	// maxChannels is how many channels an event may be for, and maxBatch how many events a batch may have.
	maxChannels = 100
	maxBatch    = 10
	// maxStored is how many bytes the events of one channel may have together, as JSON: they are one item
	// of a table that takes 400 KB. Only control characters make them so long.
	maxStored = 384 << 10
)

// publication is an event that is to be published.
type publication struct {
	event    pusher.Event
	channels []string
	// info is what the caller wants to know of the channels.
	info info
}

// publication reads the fields of an event, and its channels from the given ones.
func (c call) publication(f fields, channels []string) (publication, error) {
	p := publication{channels: unique(channels)}
	err := p.read(f)
	if err == nil {
		err = checkEvent(p.event)
	}
	for _, channel := range p.channels {
		if err == nil {
			err = c.checkChannel(channel)
		}
	}
	if err == nil {
		err = p.info.fit(p.channels...)
	}
	return p, err
}

func (p *publication) read(f fields) (err error) {
	var hasData bool
	if p.event.Name, _, err = f.text("name"); err != nil {
		return err
	}
	if p.event.Data, hasData, err = f.text("data"); err != nil {
		return err
	}
	if !hasData {
		return invalid("data is missing")
	}
	if err := p.readSocket(f); err != nil {
		return err
	}
	list, _, err := f.text("info")
	if err == nil {
		p.info, err = parseInfo(list)
	}
	return err
}

func (p *publication) readSocket(f fields) error {
	socket, ok, err := f.text("socket_id")
	if err == nil && ok && !pusher.IsSocketID(socket) {
		err = invalid("socket_id is not one: it has the form of 123.456")
	}
	p.event.Except = socket
	return err
}

func checkEvent(e pusher.Event) error {
	if err := pusher.CheckEvent(e.Name); err != nil {
		return invalid("Invalid name: %s", why(err))
	}
	if len(e.Data) > pusher.MaxData {
		return tooLarge("The data content of this event exceeds the allowed maximum (%d bytes)", pusher.MaxData)
	}
	return nil
}

func (c call) checkChannel(name string) error {
	if err := c.Limits.CheckChannel(name); err != nil {
		return invalid("Invalid channel: %s", why(err))
	}
	return nil
}

// why is what an error of package pusher says behind what it is of.
func why(err error) string {
	_, reason, _ := strings.Cut(err.Error(), ": ")
	return reason
}

// unique are the names in their order, each once.
func unique(names []string) []string {
	seen := map[string]bool{}
	var list []string
	for _, name := range names {
		if !seen[name] {
			seen[name] = true
			list = append(list, name)
		}
	}
	return list
}

// byChannel are the events of each channel, in the order in which they were sent.
func byChannel(publications []publication) ([]pusher.ChannelEvents, error) {
	place := map[string]int{}
	var list []pusher.ChannelEvents
	for _, p := range publications {
		for _, channel := range p.channels {
			i, ok := place[channel]
			if !ok {
				i = len(list)
				place[channel] = i
				list = append(list, pusher.ChannelEvents{Channel: channel})
			}
			list[i].Events = append(list[i].Events, p.event)
		}
	}
	for _, c := range list {
		if stored(c.Events) > maxStored {
			return nil, tooLarge("The events for one channel are too large together: at most %d bytes as JSON", maxStored)
		}
	}
	return list, nil
}

// stored is how many bytes the events have as JSON without needless escapes.
func stored(events []pusher.Event) int {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(events) // of text: cannot fail
	return b.Len()
}
