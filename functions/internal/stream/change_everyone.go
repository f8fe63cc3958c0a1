package stream

import (
	"encoding/json"
	"errors"
	"fmt"
)

// announcement is a notice of the server's staff to everyone.
type announcement struct {
	item *Item
	id   string
}

func readAnnouncement(item *Item) (entity, error) {
	var body struct {
		ID identifier `json:"id"`
	}
	if err := decode(item, &body); err != nil {
		return nil, err
	}
	id, err := entityID(item, body.ID)
	return announcement{item, id}, err
}

func (a announcement) shownAs() string { return a.id }

func (a announcement) inserted() []Message {
	return toEveryone("announcement", a.item.Payload)
}

func (a announcement) modified(old entity) []Message {
	if sameShown(old.(announcement).item.Payload, a.item.Payload, nothingIgnored) {
		return nil
	}
	return a.inserted()
}

func (a announcement) removed() []Message {
	return toEveryone("announcement.delete", []byte(a.id))
}

// reaction is how often one emoji was given to an announcement.
type reaction struct {
	item *Item
	body reactionBody
}

// reactionBody keeps name and announcement as they are written, to repeat them.
type reactionBody struct {
	Name         json.RawMessage `json:"name"`
	Count        *json.Number    `json:"count"`
	Announcement json.RawMessage `json:"announcement_id"`
}

func readReaction(item *Item) (entity, error) {
	r := reaction{item: item}
	if err := decode(item, &r.body); err != nil {
		return nil, err
	}
	var announcement identifier
	switch {
	case len(r.body.Name) < len(`"x"`) || r.body.Name[0] != '"':
		return nil, errors.New("the payload has no name")
	case r.body.Count == nil:
		return nil, errors.New("the payload has no count")
	case json.Unmarshal(r.body.Announcement, &announcement) != nil || announcement == "":
		return nil, errors.New("the payload has no announcement_id")
	}
	return r, nil
}

func (r reaction) shownAs() string {
	return string(r.body.Announcement) + " " + string(r.body.Name)
}

func (r reaction) inserted() []Message {
	return toEveryone("announcement.reaction", r.item.Payload)
}

func (r reaction) modified(old entity) []Message {
	if sameShown(old.(reaction).item.Payload, r.item.Payload, nothingIgnored) {
		return nil
	}
	return r.inserted()
}

func (r reaction) removed() []Message {
	none := fmt.Appendf(nil, `{"name":%s,"count":0,"announcement_id":%s}`, r.body.Name, r.body.Announcement)
	return toEveryone("announcement.reaction", none)
}

// toEveryone is one message to every user stream.
func toEveryone(event string, payload []byte) []Message {
	return []Message{{Topic: EveryoneTopic(), Streams: []Name{User}, Event: event, Payload: payload}}
}
