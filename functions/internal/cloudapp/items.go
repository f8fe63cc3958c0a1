package cloudapp

import (
	"bytes"
	"context"
	"errors"

	"edgestream/functions/internal/stream"
)

// rounds is how often a change is made again because another was faster.
const rounds = 32

// maxID is how many bytes an item's id may have.
const maxID = 128

// ItemsPath is the path of the list, and with a slash and an id behind it, of an item.
const ItemsPath = "/items"

// Item is the item's payload, also of one in the trash. ErrScope, ErrNoItem.
func (s Service) Item(ctx context.Context, g stream.Grant, id string) ([]byte, error) {
	if !canRead(g) {
		return nil, ErrScope
	}
	e, _, err := s.item(ctx, g.Account, id)
	return e.Payload, err
}

// item is what is stored, and what it says. What is no JSON object is no item, as in lists.
func (s Service) item(ctx context.Context, account, id string) (Entry, object, error) {
	if id == "" || len(id) > maxID {
		return Entry{}, nil, ErrNoItem
	}
	e, err := s.Items.Item(ctx, account, id)
	if err != nil {
		return Entry{}, nil, err
	}
	item, err := parseObject(e.Payload)
	if err != nil {
		return Entry{}, nil, ErrNoItem
	}
	return e, item, nil
}

// Update changes the item by {"item": {…}}, and returns its payload after that. A deleted_at of null gets it
// out of the trash; the member "deleted" beside "item", by which CloudApp looks into the trash, is not
// needed. ErrScope, ErrBody, Invalid, ErrNoItem.
func (s Service) Update(ctx context.Context, g stream.Grant, id string, body []byte) ([]byte, error) {
	if !canWrite(g) {
		return nil, ErrScope
	}
	draft, err := draftOf(body)
	if err != nil {
		return nil, err
	}
	changes, wrong := checked(draft)
	recover := draft.get("deleted_at")
	if recover != nil && !isNull(recover) {
		wrong = append(wrong, "Deleted at can only be null: DELETE puts an item into the trash")
	}
	if wrong != nil {
		return nil, wrong
	}
	return s.change(ctx, g.Account, id, func(item object) (object, error) {
		before := item.text()
		for _, m := range changes {
			item = item.with(m.name, m.json)
		}
		if !bytes.Equal(before, item.text()) {
			item = item.with("updated_at", quote(timestamp(s.Now())))
		}
		if recover != nil {
			item = item.with("deleted_at", recover)
		}
		return item, unlessBlank(item, changes)
	})
}

// unlessBlank refuses changes that leave a bookmark without a URL.
func unlessBlank(item, changes object) error {
	touched := changes.get("item_type") != nil || changes.get("redirect_url") != nil
	if kind, _ := textOf(item.get("item_type")); touched && kind == "bookmark" && isNull(item.get("redirect_url")) {
		return Invalid{blankURL}
	}
	return nil
}

// Trash puts the item into the trash, and returns its payload after that. One that is there stays as
// it is. ErrScope, ErrNoItem.
func (s Service) Trash(ctx context.Context, g stream.Grant, id string) ([]byte, error) {
	if !canWrite(g) {
		return nil, ErrScope
	}
	return s.change(ctx, g.Account, id, func(item object) (object, error) {
		if !inTrash(item) {
			item = item.with("deleted_at", quote(timestamp(s.Now())))
		}
		return item, nil
	})
}

// change makes of the item what apply says, on what is stored then. What stays as it was is not written.
func (s Service) change(ctx context.Context, account, id string, apply func(object) (object, error)) ([]byte, error) {
	for range rounds {
		e, item, err := s.item(ctx, account, id)
		if err != nil {
			return nil, err
		}
		before := item.text()
		if item, err = apply(item); err != nil {
			return nil, err
		}
		text := item.text()
		if bytes.Equal(before, text) {
			return e.Payload, nil
		}
		if err := checkSize(text); err != nil {
			return nil, err
		}
		if err = s.Items.Replace(ctx, account, e, text); !errors.Is(err, ErrChanged) {
			return text, err
		}
	}
	return nil, ErrBusy
}
