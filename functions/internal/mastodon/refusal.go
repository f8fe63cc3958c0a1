package mastodon

import (
	"errors"
	"strconv"

	"edgestream/functions/internal/quote"
	"edgestream/functions/internal/stream"
)

// errMessageTooLarge is the answer to a message that was not even parsed.
var errMessageTooLarge = errors.New("message is too large")

// Refusal is an error as a client is told it.
type Refusal struct {
	// Status is an HTTP status: that of the upgrade, or the field of an error frame.
	Status int
	// Message is the protocol's own text.
	Message string
}

// RefusalOf is what a client is told of err. Errors that are not the client's own become 500
// with one text for all.
func RefusalOf(err error) Refusal {
	for _, r := range refusals() {
		if errors.Is(err, r.err) {
			return r.Refusal
		}
	}
	return Refusal{500, "An unexpected error occurred"}
}

// Own reports whether the fault is the service's, and not the client's.
func (r Refusal) Own() bool { return r.Status >= 500 }

// Frame is the refusal of a subscription as it is sent on the socket.
func (r Refusal) Frame() []byte {
	b := quote.Append([]byte(`{"error":`), []byte(r.Message))
	b = strconv.AppendInt(append(b, `,"status":`...), int64(r.Status), 10)
	return append(b, '}')
}

// unsubscribeFrame is the answer to every unsubscribe that failed; it has no status.
func unsubscribeFrame() []byte { return []byte(`{"error":"Error unsubscribing from channel"}`) }

type refusal struct {
	err error
	Refusal
}

// refusals are the texts of a Mastodon server, and, from "too long" on, those of limits that it
// does not have.
func refusals() []refusal {
	return []refusal{
		{stream.ErrMissingToken, Refusal{401, "Missing access token"}},
		{stream.ErrInvalidToken, Refusal{401, "Invalid access token"}},
		// A session that was removed while its socket lives was revoked, or ran out.
		{stream.ErrNoConnection, Refusal{401, "Invalid access token"}},
		{stream.ErrScope, Refusal{401, "Access token does not have the required scopes"}},
		{stream.ErrUnknownStream, Refusal{400, "Unknown stream type"}},
		{stream.ErrMissingTag, Refusal{400, "Missing tag name parameter"}},
		{stream.ErrMissingList, Refusal{400, "Missing list name parameter"}},
		{stream.ErrNotOwnList, Refusal{401, "Not authorized to stream this list"}},
		{errTagTooLong, Refusal{400, "Tag name parameter is too long"}},
		{errListTooLong, Refusal{400, "List name parameter is too long"}},
		{stream.ErrTooLong, Refusal{400, "Parameter is too long"}}, // found by the store, in what the limits let pass
		{errMessageTooLarge, Refusal{413, "Message is too large"}},
		{stream.ErrTooManySubscriptions, Refusal{429, "Too many subscriptions on this connection"}},
		{stream.ErrTooManyConnections, Refusal{429, "Too many connections of this account"}},
	}
}
