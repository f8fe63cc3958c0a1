package stream

import (
	"encoding/json"
	"slices"
)

// present are the users who have a connection, who came first first.
func present(seats []seat) (users []string) {
	seen := make(map[string]bool, len(seats))
	for _, s := range seats {
		if !seen[s.user] {
			seen[s.user] = true
			users = append(users, s.user)
		}
	}
	return users
}

// without are those that are not among the others.
func without(users, others []string) []string {
	return slices.DeleteFunc(slices.Clone(users), func(u string) bool { return slices.Contains(others, u) })
}

// presence is the text that lists who is on a channel,
// https://pusher.com/docs/channels/library_auth_reference/pusher-websockets-protocol/. A user without
// info is null there, and not left out: who is not in the hash is nobody to a client.
func presence(users []string, members map[string]Member) []byte {
	b := []byte(`{"presence":{"ids":`)
	b = append(appendJSON(b, append([]string{}, users...)), `,"hash":{`...)
	for i, user := range users {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(appendJSON(b, user), ':'), info(members[user].Info)...)
	}
	b = append(b, `},"count":`...)
	return append(appendJSON(b, len(users)), "}}"...)
}

func memberAdded(user, about string) []byte {
	b := append(appendJSON([]byte(`{"user_id":`), user), `,"user_info":`...)
	return append(append(b, info(about)...), '}')
}

func memberRemoved(user string) []byte {
	return append(appendJSON([]byte(`{"user_id":`), user), '}')
}

// info is what others are told of a user: JSON, whatever is stored.
func info(text string) []byte {
	if !json.Valid([]byte(text)) {
		return []byte("null")
	}
	return []byte(text)
}

// appendJSON writes a text, a list of them or a number, which always marshal.
func appendJSON(b []byte, value any) []byte {
	text, _ := json.Marshal(value)
	return append(b, text...)
}
