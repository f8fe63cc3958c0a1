package pusher

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// subscriberOf reads channel_data, which says who comes to a presence channel:
//
//	{"user_id":"7","user_info":{"name":"Ann"}}
//
// An id that is a number counts as its digits: Laravel signs such.
func subscriberOf(channelData string) (Subscriber, error) {
	fields, ok := object([]byte(channelData))
	if !ok {
		return Subscriber{}, told(ErrUser, "Invalid channel data: a JSON object with user_id is needed")
	}
	id := word(fields["user_id"])
	if CheckUser(id) != nil {
		return Subscriber{}, told(ErrUser, fmt.Sprintf("Invalid channel data: user_id needs 1 to %d characters", MaxUser))
	}
	info, err := compactInfo(fields["user_info"])
	return Subscriber{User: id, Info: info}, err
}

// userOf reads user_data, which says who signs in:
//
//	{"id":"7","user_info":{"name":"Ann"},"watchlist":["8","9"]}
//
// errWatchlist: the watchlist is too long, and the user has none.
func userOf(userData string) (User, error) {
	fields, ok := object([]byte(userData))
	if !ok {
		return User{}, told(ErrUser, "Invalid user data: a JSON object with id is needed")
	}
	id, _ := text(fields["id"])
	if CheckUser(id) != nil {
		return User{}, told(ErrUser, fmt.Sprintf("Invalid user data: id needs to be a string of 1 to %d characters", MaxUser))
	}
	info, err := compactInfo(fields["user_info"])
	if err != nil {
		return User{}, err
	}
	u := User{ID: id, Info: info}
	u.Watchlist, err = watchlist(fields["watchlist"])
	return u, err
}

// watchlist is every id of the list once; what is none is left out.
func watchlist(raw json.RawMessage) (ids []string, err error) {
	var entries []json.RawMessage
	if len(raw) == 0 || json.Unmarshal(raw, &entries) != nil {
		return nil, nil
	}
	if len(entries) > MaxWatchlist {
		return nil, errWatchlist
	}
	for _, entry := range entries {
		if id := word(entry); CheckUser(id) == nil && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// compactInfo is what is told of a user without the spaces between its tokens; empty if it is null or
// not there.
func compactInfo(raw json.RawMessage) (string, error) {
	var b bytes.Buffer
	if len(raw) == 0 || string(raw) == "null" || json.Compact(&b, raw) != nil {
		return "", nil
	}
	if b.Len() > maxInfo {
		return "", told(ErrUser, fmt.Sprintf("Invalid user data: user_info has more than %d bytes", maxInfo))
	}
	return b.String(), nil
}

// word is the value if it is a string, and the digits if it is a number, else empty.
func word(raw json.RawMessage) string {
	if s, ok := text(raw); ok {
		return s
	}
	var n json.Number
	if len(raw) == 0 || raw[0] == '"' || json.Unmarshal(raw, &n) != nil {
		return ""
	}
	return n.String()
}
