package cloudapp

import (
	"context"
	"errors"
	"strconv"

	"edgestream/functions/internal/stream"
)

// maxItems is how many items one call can make.
const maxItems = 25

const blankURL = "URL can't be blank"

// maker makes items for one call.
type maker struct {
	Service
	account, base, source string
}

// Create makes an item of {"item": {…}} and returns its payload; or each of {"items": [{…}, …]}, at most
// 25, and returns an array of payloads, in which an array of what is wrong takes the place of an item that
// could not be made: then bad is true. base is the URL of the edge, source what the client calls
// itself. ErrScope, ErrBody; Invalid for a single item.
//
// An item without a type is a bookmark, and one without a name has its URL for a name.
func (s Service) Create(ctx context.Context, g stream.Grant, base, source string, body []byte) (answer []byte, bad bool, err error) {
	if !canWrite(g) {
		return nil, false, ErrScope
	}
	m := maker{s, g.Account, base, source}
	drafts, single, err := draftsOf(body)
	if err != nil {
		return nil, false, err
	}
	if single {
		answer, err = m.make(ctx, drafts[0])
		return answer, false, err
	}
	return m.makeAll(ctx, drafts)
}

// makeAll goes on after an item that is wrong, and ends at any other failure.
func (m maker) makeAll(ctx context.Context, drafts []object) (answer []byte, bad bool, err error) {
	answer = []byte{'['}
	for i, draft := range drafts {
		if i > 0 {
			answer = append(answer, ',')
		}
		text, err := m.make(ctx, draft)
		if wrong, ok := errors.AsType[Invalid](err); ok {
			text, bad, err = wrong.JSON(), true, nil
		}
		if err != nil {
			return nil, false, err
		}
		answer = append(answer, text...)
	}
	return append(answer, ']'), bad, nil
}

func (m maker) make(ctx context.Context, draft object) ([]byte, error) {
	draft = unnamed(draft)
	item, wrong := checked(draft)
	if wrong = append(wrong, complete(draft)...); wrong != nil {
		return nil, wrong
	}
	now := m.Now()
	// Microseconds: in order of time, of equal length until 2286, and a number that every reader keeps.
	for id := now.UnixMicro(); ; id++ {
		name := strconv.FormatInt(id, 10)
		text, err := newItem(item, m.base+ItemsPath+"/"+name, m.source, now)
		if err != nil {
			return nil, err
		}
		err = m.Items.Create(ctx, m.account, name, text)
		if errors.Is(err, ErrExists) && id-now.UnixMicro() < rounds {
			continue
		}
		return text, err
	}
}
