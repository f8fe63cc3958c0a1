package stream

import (
	"errors"
	"fmt"
	"strings"
)

// errNoImage: a record that shows the item neither before nor after the change.
var errNoImage = errors.New("the record has no image of the item")

// entity is an item whose payload has been read, as one kind of the Content table.
type entity interface {
	// shownAs is the id under which clients know it. An item that takes another id is another entity.
	shownAs() string
	inserted() []Message
	// modified takes the entity as it was: of the same kind, and shown as the same id.
	modified(old entity) []Message
	removed() []Message
}

// Messages is what the change says to whom: nothing if it is silent.
//
// Messages of one Part stand together, Parts ascend, and within a Part what is said first takes
// precedence for a subscription that hears several. An item that takes another kind or another
// id is a removal and then an insert. A removal because the item's time ran out is silent, and so is
// a record that is Unchanged.
//
// An error says why the item does not fit the Content table, in words for an operator. What was
// there before counts only if it fits: mending an item that never fitted is an insert.
func (c Change) Messages() ([]Message, error) {
	if c.Unchanged || c.Expired && c.New == nil {
		return nil, nil
	}
	if c.Problem != nil {
		return nil, c.Problem
	}
	if c.New == nil {
		return c.removal()
	}
	now, err := parse(c.New)
	if err != nil {
		return nil, err
	}
	if c.Old == nil {
		return now.inserted(), nil
	}
	before, err := parse(c.Old)
	if err != nil {
		return now.inserted(), nil
	}
	if c.Old.Kind == c.New.Kind && before.shownAs() == now.shownAs() {
		return now.modified(before), nil
	}
	return inTurn(before.removed(), now.inserted()), nil
}

func (c Change) removal() ([]Message, error) {
	if c.Old == nil {
		return nil, errNoImage
	}
	gone, err := parse(c.Old)
	if err != nil {
		return nil, err
	}
	return gone.removed(), nil
}

// parse reads an item as its kind says.
func parse(item *Item) (entity, error) {
	read, err := reader(item.Kind)
	if err != nil {
		return nil, err
	}
	if item.Owner == "" {
		return nil, errors.New("the item has no owner")
	}
	e, err := read(item)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", item.Kind, err)
	}
	return e, nil
}

// reader is how items of a kind are read. Kinds that begin with "_" are the service's own.
func reader(kind string) (func(*Item) (entity, error), error) {
	switch kind {
	case "status":
		return readStatus, nil
	case "notification":
		return readNotification, nil
	case "conversation":
		return readConversation, nil
	case "announcement":
		return readAnnouncement, nil
	case "reaction":
		return readReaction, nil
	case "filter":
		return readFilter, nil
	case "merge":
		return readMerge, nil
	case "broadcast":
		return readBroadcast, nil
	case "item":
		return readItem, nil
	case "event":
		return readEvent, nil
	case "":
		return nil, errors.New("the item has no kind")
	}
	if strings.HasPrefix(kind, "_") {
		return ownReader(kind), nil
	}
	return nil, fmt.Errorf("unknown kind %.40q", kind)
}

// ownReader is how items of the service's own kinds are read. Those not named here are silent.
func ownReader(kind string) func(*Item) (entity, error) {
	switch kind {
	case "_filters":
		return readFilters
	case KindRoster:
		return readRoster
	case KindSubscription:
		return readSubscription
	case KindUser:
		return readUser
	case KindClient:
		return readClient
	case KindCount:
		return readCount
	}
	return readSilent
}

// inTurn puts the second messages into parts of their own, after the first.
func inTurn(first, second []Message) []Message {
	offset := 0
	if len(first) > 0 {
		offset = first[len(first)-1].Part + 1
	}
	for _, m := range second {
		m.Part += offset
		first = append(first, m)
	}
	return first
}

// silent is an item that no stream shows.
type silent struct{}

func readSilent(*Item) (entity, error)     { return silent{}, nil }
func (silent) shownAs() string             { return "" }
func (silent) inserted() []Message         { return nil }
func (silent) modified(_ entity) []Message { return nil }
func (silent) removed() []Message          { return nil }
