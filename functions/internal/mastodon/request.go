package mastodon

import "encoding/json"

// Params name a stream as a client does.
type Params struct {
	Stream, Tag, List string
	// LastEventID is what a client that asked for ids wants to go on behind; empty: from now on.
	LastEventID string
}

// Request is a message of a client.
type Request struct {
	// Unsubscribe tells the two types of message apart.
	Unsubscribe bool
	Params
}

// Parse reads a client's message. It is false for everything that is to be ignored: what is no
// JSON object, and an unknown type. The package comment says what becomes of odd fields.
func Parse(body string) (Request, bool) {
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(body), &fields) != nil {
		return Request{}, false
	}
	kind := text(fields["type"])
	if kind != "subscribe" && kind != "unsubscribe" {
		return Request{}, false
	}
	return Request{
		Unsubscribe: kind == "unsubscribe",
		Params: Params{
			Stream: text(first(fields["stream"])), Tag: word(fields["tag"]), List: word(fields["list"]),
			LastEventID: id(fields["last_event_id"]),
		},
	}, true
}

// text is the value if it is a string, else empty.
func text(raw json.RawMessage) string {
	var s string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// word is the value if it is a string, and the digits if it is a number, else empty.
func word(raw json.RawMessage) string {
	var n json.Number
	if len(raw) == 0 || raw[0] == '"' || json.Unmarshal(raw, &n) != nil {
		return text(raw)
	}
	return n.String()
}

// id is the value as word has it. Any other value but null stays as it is written, which is no id:
// a client that wants to go on from somewhere must not be taken for one that does not.
func id(raw json.RawMessage) string {
	if s := word(raw); s != "" || len(raw) == 0 || raw[0] == '"' || string(raw) == "null" {
		return s
	}
	return string(raw)
}

// first is the first element of an array, and any other value itself.
func first(raw json.RawMessage) json.RawMessage {
	var elements []json.RawMessage
	if len(raw) == 0 || raw[0] != '[' || json.Unmarshal(raw, &elements) != nil {
		return raw
	}
	if len(elements) == 0 {
		return nil
	}
	return elements[0]
}
