package stream

import "fmt"

// shelved is an item of its owner's list. One that is deleted softly is kept, and shown as deleted.
type shelved struct {
	item    *Item
	deleted bool
}

func readItem(item *Item) (entity, error) {
	var body struct {
		DeletedAt *string `json:"deleted_at"`
	}
	if err := decode(item, &body); err != nil {
		return nil, err
	}
	if item.App != "" && !isApp(item.App) {
		return nil, fmt.Errorf("the item has no app's id: %.40q", item.App)
	}
	return shelved{item, body.DeletedAt != nil && *body.DeletedAt != ""}, nil
}

// shownAs is the app: under another one the item is shown to others. See Change.Settled for items that name none.
func (s shelved) shownAs() string { return s.item.App }

func (s shelved) inserted() []Message {
	if s.deleted {
		return nil
	}
	return s.say("create")
}

func (s shelved) modified(old entity) []Message {
	switch was := old.(shelved); {
	case was.deleted:
		return s.inserted()
	case s.deleted:
		return s.say("delete")
	case sameShown(was.item.Payload, s.item.Payload, nothingIgnored):
		return nil
	}
	return s.say("update")
}

func (s shelved) removed() []Message {
	if s.deleted {
		return nil
	}
	return s.say("delete")
}

// say tells the owner's channel, with the item's payload as its data.
func (s shelved) say(event string) []Message {
	topic := ItemsTopic(s.item.Owner)
	if s.item.App != "" {
		topic = ChannelTopic(s.item.App, ItemsChannel(s.item.Owner))
	}
	return []Message{{Topic: topic, Streams: []Name{Channel}, Event: event, Payload: s.item.Payload}}
}
