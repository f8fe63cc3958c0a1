package pusher

import (
	"errors"
	"unicode/utf8"

	"edgestream/functions/internal/stream"
)

// toldError is an error for which the client has a text of its own, which may repeat what it sent: no
// log shows that.
type toldError struct {
	err  error
	text string
}

// told is the error with what the client is told.
func told(err error, text string) error { return toldError{err, text} }

func (e toldError) Error() string { return e.err.Error() }
func (e toldError) Unwrap() error { return e.err }

// unexpected is all that a client hears of what is not its fault.
const unexpected = "An unexpected error occurred"

// refusal is an error as a client is told it.
type refusal struct {
	// kind and status are of a subscription_error.
	kind   string
	status int
	// code is of a pusher:error; 0: null.
	code int
	text string
}

// refusalOf is what a client is told of err.
func refusalOf(err error) refusal {
	r := refusal{kind: "ServerError", status: 500, text: unexpected}
	for _, known := range refusals() {
		if errors.Is(err, known.err) {
			r = known.refusal
			break
		}
	}
	if t, ok := errors.AsType[toldError](err); ok {
		r.text = t.text
	}
	return r
}

// own reports whether the fault is the service's, and not the client's.
func (r refusal) own() bool { return r.status >= 500 }

type knownRefusal struct {
	err error
	refusal
}

func refusals() []knownRefusal {
	return []knownRefusal{
		{ErrDisabled, refusal{"AuthError", 403, 4003, "Application disabled"}},
		{ErrNoApp, refusal{"AuthError", 403, 4001, "Application does not exist"}},
		{stream.ErrTooManyConnections, refusal{"LimitReached", 429, 4004, "Application is over connection quota"}},
		{errProtocol, refusal{"", 400, 4007, "Unsupported protocol version"}},
		{errVersion, refusal{"", 400, 4006, "Invalid version string format"}},
		{errPath, refusal{"", 400, 4005, "Path not found"}},
		{ErrSignature, refusal{"AuthError", 401, 4009, "Connection not authorized"}},
		{ErrOtherUser, refusal{"AuthError", 401, 4009, "Connection already signed in as another user"}},
		{ErrChannel, refusal{"ChannelError", 400, 0, "Invalid channel name"}},
		{ErrUser, refusal{"ChannelError", 400, 0, "Invalid user"}},
		{ErrEvent, refusal{"", 400, 0, "Invalid event name"}},
		{ErrFull, refusal{"LimitReached", 403, 0, "Presence channel has 100 members already"}},
		{stream.ErrTooManySubscriptions, refusal{"LimitReached", 429, 0, "Too many subscriptions on this connection"}},
		{ErrTooLarge, refusal{"LimitReached", 413, 0, "Message is too large"}},
		{errRate, refusal{"LimitReached", 429, 4301, "Client event rejected due to rate limit"}},
		{errWatchlist, refusal{"LimitReached", 400, 4302, "Watchlist limit exceeded: at most 100 users"}},
		{errClientEvent, refusal{"", 400, 0, "Client event rejected"}},
		{ErrSubscribed, refusal{"", 400, 0, "Existing subscription"}},
	}
}

// Errors that the protocol alone knows.
var (
	errPath        = errors.New("no app is named")
	errVersion     = errors.New("the protocol's version is no number")
	errProtocol    = errors.New("no such version of the protocol")
	errRate        = errors.New("too many client events in a second")
	errWatchlist   = errors.New("too many users to watch")
	errClientEvent = errors.New("client event rejected")
)

// short keeps what a hostile client sent from coming back whole.
func short(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	end := most
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}
