package cloudapp

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"edgestream/functions/internal/stream"
)

// Bounds of a list's parameters.
const (
	defaultPerPage, maxPerPage = 20, 100
	// maxOffset is how many items may come before a page: they are all read to count them.
	maxOffset = 10_000
)

// Query is what of an account's items to list.
type Query struct {
	// Page is from 1 on, PerPage from 1 to 100.
	Page, PerPage int
	// Deleted lists the trash, and otherwise what is not in it.
	Deleted bool
	// Type is the item_type to list; empty: any.
	Type string
	// Source is a part of the source to list; empty: any.
	Source string
}

// ParseQuery reads the parameters of a list; get is the value of one, empty if it is not there.
// Its error is Invalid. https://github.com/cloudapp/api/blob/master/list-items.md
func ParseQuery(get func(name string) string) (Query, error) {
	var wrong Invalid
	number := func(name string, otherwise, most int) int {
		text := get(name)
		if text == "" {
			return otherwise
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > most {
			wrong = append(wrong, fmt.Sprintf("%s must be a number from 1 to %d", name, most))
		}
		return n
	}
	q := Query{Page: number("page", 1, maxOffset), PerPage: number("per_page", defaultPerPage, maxPerPage), Type: get("type"), Source: get("source")}
	switch get("deleted") {
	case "", "false":
	case "true":
		q.Deleted = true
	default:
		wrong = append(wrong, "deleted must be true or false")
	}
	if q.Type != "" && !slices.Contains(types, q.Type) {
		wrong = append(wrong, "type must be one of "+strings.Join(types, ", "))
	}
	if len(wrong) == 0 && (q.Page-1)*q.PerPage > maxOffset {
		wrong = append(wrong, fmt.Sprintf("page is too far: at most %d items may come before it", maxOffset))
	}
	if wrong != nil {
		return Query{}, wrong
	}
	return q, nil
}

// List is a page of the account's items, newest first, as a JSON array of their payloads. ErrScope.
func (s Service) List(ctx context.Context, g stream.Grant, q Query) ([]byte, error) {
	if !canRead(g) {
		return nil, ErrScope
	}
	skip, b := (q.Page-1)*q.PerPage, []byte{'['}
	left := q.PerPage
	err := s.Items.List(ctx, g.Account, func(page []Entry) bool {
		for _, e := range page {
			switch {
			case !q.shows(e):
			case skip > 0:
				skip--
			default:
				if left < q.PerPage {
					b = append(b, ',')
				}
				b = append(b, e.Payload...)
				left--
			}
			if left == 0 {
				return false
			}
		}
		return true
	})
	return append(b, ']'), err
}

// inTrash reports whether an item is shown as deleted.
func inTrash(item object) bool {
	deleted := item.get("deleted_at")
	return !isNull(deleted) && string(deleted) != `""`
}

// shows reports whether the query lists the item. What is no JSON object is in no list.
func (q Query) shows(e Entry) bool {
	item, err := parseObject(e.Payload)
	if err != nil || inTrash(item) != q.Deleted {
		return false
	}
	kind, _ := textOf(item.get("item_type"))
	source, _ := textOf(item.get("source"))
	return (q.Type == "" || kind == q.Type) && strings.Contains(source, q.Source)
}
