package stream

import (
	"bytes"
	"encoding/json"
	"slices"
)

// maxList is how large a list of members may be as the text of a frame's data: API Gateway takes frames
// of 128 KB, https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html.
const maxList = 120 << 10

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

// presenceOf is a list that a frame holds, of this user and as many others, and who is not on it.
func presenceOf(own string, users []string, members map[string]Member) (list []byte, others []string) {
	size := escaped(presence([]string{own}, members))
	var some []string
	for _, user := range users {
		if user != own {
			size += 2*escaped(appendJSON(nil, user)) + len(`\"\",:`) + escaped(info(members[user].Info))
		}
		if user == own || size <= maxList {
			some = append(some, user)
		} else {
			others = append(others, user)
		}
	}
	return presence(some, members), others
}

// escaped is how many bytes a JSON text has in a JSON string.
func escaped(text []byte) int {
	return len(text) + bytes.Count(text, []byte(`"`)) + bytes.Count(text, []byte(`\`)) + bytes.Count(text, []byte("\n")) +
		bytes.Count(text, []byte("\r")) + bytes.Count(text, []byte("\t"))
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
