package mastodon

import (
	"context"
	"fmt"
	"unicode/utf8"

	"edgestream/functions/internal/stream"
)

var (
	errTagTooLong  = fmt.Errorf("tag: %w", stream.ErrTooLong)
	errListTooLong = fmt.Errorf("list: %w", stream.ErrTooLong)
)

// Lists knows whose a list is.
type Lists interface {
	// ListOwner is the account that the list belongs to; empty if there is no such list.
	ListOwner(ctx context.Context, list string) (account string, err error)
}

// Authoriser decides which streams a token may listen to.
type Authoriser struct {
	Lists Lists
	// MaxTag and MaxList are how many characters (Unicode code points) a tag, as written and
	// normalised, and a list id may have.
	MaxTag, MaxList int
}

// maxKey is how many bytes a parameter may have whatever the limits say: a subscription is part
// of a key of at most 1,024 bytes in DynamoDB.
const maxKey = 900

// Authorise is the subscription that the parameters name, if the token may listen to it. Its
// errors come in this order: ErrScope, ErrUnknownStream, ErrMissingTag, ErrMissingList,
// ErrTooLong, ErrNotOwnList, and what Lists fails with.
func (a Authoriser) Authorise(ctx context.Context, g stream.Grant, p Params) (stream.Subscription, error) {
	if !g.Scopes.Allow(stream.Name(p.Stream)) {
		return stream.Subscription{}, stream.ErrScope
	}
	sub, err := a.named(p)
	if err != nil || !sub.Stream.TakesList() {
		return sub, err
	}
	owner, err := a.Lists.ListOwner(ctx, sub.Param)
	if err == nil && (owner == "" || owner != g.Account) {
		err = stream.ErrNotOwnList
	}
	return sub, err
}

// named is the subscription that the parameters name, whoever may listen to it. Parameters that
// the stream does not take are left out.
func (a Authoriser) named(p Params) (stream.Subscription, error) {
	sub := stream.Subscription{Stream: stream.Name(p.Stream)}
	switch {
	case !sub.Stream.Known():
		return sub, stream.ErrUnknownStream
	case sub.Stream.TakesTag():
		sub.Param = p.Tag
		return sub, a.checkTag(p.Tag)
	case sub.Stream.TakesList():
		sub.Param = p.List
		return sub, a.checkList(p.List)
	}
	return sub, nil
}

func (a Authoriser) checkTag(tag string) error {
	switch {
	case tag == "":
		return stream.ErrMissingTag
	case tooLong(tag, a.MaxTag) || tooLong(stream.NormalTag(tag), a.MaxTag):
		return errTagTooLong
	}
	return nil
}

func (a Authoriser) checkList(list string) error {
	switch {
	case list == "":
		return stream.ErrMissingList
	case tooLong(list, a.MaxList):
		return errListTooLong
	}
	return nil
}

func tooLong(s string, limit int) bool {
	return len(s) > maxKey || utf8.RuneCountInString(s) > limit
}
