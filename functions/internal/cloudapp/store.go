package cloudapp

import (
	"context"
	"errors"

	"edgestream/functions/internal/stream"
)

// Accounts knows tokens and accounts.
type Accounts interface {
	// GrantByHash is what the token with this hash allows now. stream.ErrInvalidToken, wrapped with the
	// reason: nothing.
	GrantByHash(ctx context.Context, hash string) (stream.Grant, error)
	// Account is the account's row. One without a row is the zero Account.
	Account(ctx context.Context, id string) (Account, error)
}

// Account is what the row of an account says of it here.
type Account struct {
	// App is the id of the account's app; empty: it has none.
	App string
	// Profile is what else to tell the account of itself: a JSON object; nil if there is nothing.
	Profile []byte
}

// Items keeps the items of accounts.
type Items interface {
	// List calls page with the account's items, part by part, until there are no more or page returns
	// false. They come in descending order of their ids, compared as texts, and as they are now.
	List(ctx context.Context, account string, page func([]Entry) (more bool)) error
	// Item is the item as it is now; ErrNoItem if there is none.
	Item(ctx context.Context, account, id string) (Entry, error)
	// Create stores a new item. ErrExists: there is one with this id.
	Create(ctx context.Context, account, id string, payload []byte) error
	// Replace changes the payload of an item that is as it was read, and nothing else of it. ErrChanged:
	// it is not as it was, or is gone.
	Replace(ctx context.Context, account string, old Entry, payload []byte) error
}

// Entry is a stored item.
type Entry struct {
	ID string
	// Payload is the item as clients see it, a JSON object, byte for byte.
	Payload []byte
	// Version is the store's own: what Replace compares.
	Version any
}

// Errors of Items.
var (
	ErrNoItem  = errors.New("no such item")
	ErrExists  = errors.New("there is such an item already")
	ErrChanged = errors.New("the item was changed meanwhile")
)
