package viewer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Status is what there is to judge of a status. It does not change.
type Status struct {
	author, domain string
	mentioned      []string
	language       string
	text           text
}

// ErrNoStatus is a payload that is no JSON object: there is nothing in it to judge.
var ErrNoStatus = errors.New("payload is no status")

// body is the part of a status that is judged, https://docs.joinmastodon.org/entities/Status/.
type body struct {
	Account  account   `json:"account"`
	Mentions []account `json:"mentions"`
	Language loose     `json:"language"`
	content
	Reblog content `json:"reblog"`
}

type account struct {
	ID   loose `json:"id"`
	Acct loose `json:"acct"`
}

type content struct {
	Spoiler loose `json:"spoiler_text"`
	Content loose `json:"content"`
	Poll    struct {
		Options []struct {
			Title loose `json:"title"`
		} `json:"options"`
	} `json:"poll"`
	Media []struct {
		Description loose `json:"description"`
	} `json:"media_attachments"`
}

// loose is a text, or a number as it is written; anything else is empty.
type loose string

// UnmarshalJSON accepts every value.
func (l *loose) UnmarshalJSON(data []byte) error {
	switch c := data[0]; {
	case c == '"':
		return json.Unmarshal(data, (*string)(l))
	case c == '-' || '0' <= c && c <= '9':
		*l = loose(data)
	default:
		*l = ""
	}
	return nil
}

// ReadStatus reads a status as clients get it. A member that is not of its type counts as absent.
func ReadStatus(payload []byte) (*Status, error) {
	if start := bytes.TrimLeft(payload, " \t\r\n"); len(start) == 0 || start[0] != '{' {
		return nil, ErrNoStatus
	}
	var b body
	err := json.Unmarshal(payload, &b)
	if _, wrongType := errors.AsType[*json.UnmarshalTypeError](err); err != nil && !wrongType {
		return nil, fmt.Errorf("%w: %w", ErrNoStatus, err)
	}
	s := &Status{author: string(b.Account.ID), language: string(b.Language)}
	if _, domain, ok := strings.Cut(string(b.Account.Acct), "@"); ok {
		s.domain = strings.ToLower(domain)
	}
	for _, m := range b.Mentions {
		s.mentioned = append(s.mentioned, string(m.ID))
	}
	s.text = newText(strings.Join(b.Reblog.parts(b.content.parts(nil)), "\n\n"))
	return s, nil
}

// parts adds the texts that filters are for, as plain text.
func (c content) parts(to []string) []string {
	add := func(html loose) {
		if text := plain(string(html)); text != "" {
			to = append(to, text)
		}
	}
	add(c.Spoiler)
	add(c.Content)
	for _, option := range c.Poll.Options {
		add(option.Title)
	}
	for _, m := range c.Media {
		add(m.Description)
	}
	return to
}
