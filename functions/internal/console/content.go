package console

import (
	"encoding/json"
	"errors"
	"time"

	"edgestream/functions/internal/stream"
)

// draft is an item as the page writes it.
type draft struct {
	Kind    string          `json:"kind"`
	ID      string          `json:"id"`
	Payload json.RawMessage `json:"payload"`
	To      string          `json:"to"`
	Home    []string        `json:"home"`
	Lists   []string        `json:"lists"`
	Listed  *bool           `json:"listed"`
	Topics  []target        `json:"topics"`
	Event   string          `json:"event"`
}

type target struct {
	Stream  string `json:"stream"`
	Tag     string `json:"tag"`
	List    string `json:"list"`
	Account string `json:"account"`
}

func (h Handler) put(c call) (any, error) {
	var d draft
	if err := c.read(&d); err != nil {
		return nil, err
	}
	item, err := d.item(c.grant.Account)
	if err != nil {
		return nil, err
	}
	return nil, h.Content.Put(c.Context(), item)
}

// item is the draft as an item that publishes: one that does not fit is refused with the reason
// that an operator would be told.
func (d draft) item(account string) (stream.Item, error) {
	key, err := keyOf(d.Kind, d.ID, d.To, account)
	if err != nil {
		return stream.Item{}, err
	}
	item := stream.Item{Owner: key.owner, ID: key.id, Kind: d.Kind, Payload: d.Payload,
		Home: d.Home, Lists: d.Lists, Listed: d.Listed, Event: d.Event}
	for _, t := range d.Topics {
		item.Topics = append(item.Topics, stream.Target{Stream: stream.Name(t.Stream), Tag: t.Tag, List: t.List, Account: t.Account})
	}
	if _, err := (stream.Change{Owner: item.Owner, At: time.Now(), New: &item}).Messages(); err != nil {
		return stream.Item{}, badRequest{err}
	}
	return item, nil
}

func (h Handler) remove(c call) (any, error) {
	q := c.URL.Query()
	key, err := keyOf(q.Get("kind"), q.Get("id"), q.Get("to"), c.grant.Account)
	if err != nil {
		return nil, err
	}
	return nil, h.Content.Delete(c.Context(), key.owner, key.id)
}

type key struct{ owner, id string }

// maxName is how many bytes of a kind, an id or an account are taken: keys of the table are short.
const maxName = 256

// keyOf is where an entity of this kind is stored.
func keyOf(kind, id, to, account string) (key, error) {
	switch {
	case kind == "" || id == "":
		return key{}, badRequest{errors.New("kind and id are needed")}
	case len(kind) > maxName || len(id) > maxName || len(to) > maxName:
		return key{}, badRequest{errors.New("kind, id or account is too long")}
	case kind[0] == '_':
		return key{}, badRequest{errors.New("kinds that begin with _ are the service's own")}
	}
	k := key{account, kind + "#" + id}
	switch kind {
	case "announcement", "reaction":
		k.owner = "announcements"
	case "notification", "conversation", "merge":
		if to != "" {
			k.owner = to
		}
	}
	return k, nil
}
