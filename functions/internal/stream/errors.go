package stream

import "errors"

// Why a client is refused. The protocol packages turn them into their own words.
var (
	ErrMissingToken         = errors.New("no access token")
	ErrInvalidToken         = errors.New("access token is not valid") // wrapped with the reason, for the log alone
	ErrScope                = errors.New("access token lacks the scope")
	ErrUnknownStream        = errors.New("unknown stream")
	ErrMissingTag           = errors.New("stream needs a tag")
	ErrMissingList          = errors.New("stream needs a list")
	ErrTooLong              = errors.New("parameter is too long")
	ErrNotOwnList           = errors.New("list is not the account's own")
	ErrTooManySubscriptions = errors.New("connection has too many subscriptions")
	ErrTooManyConnections   = errors.New("account has too many connections")
	ErrTooManyReaders       = errors.New("too many streams of server-sent events")
	ErrNoConnection         = errors.New("connection is not known")
)

// Why a frame was not accepted for delivery.
var (
	// ErrGone: the connection does not exist (any more, or yet: see YoungFor).
	ErrGone = errors.New("connection is gone")
	// ErrTooLarge: the frame is over the transport's limit and never can be delivered.
	ErrTooLarge = errors.New("frame is too large")
	// ErrTooLate: the listener's token has run out; the frame was not sent any more.
	ErrTooLate = errors.New("token has run out")
	// ErrThrottled: the transport asks to slow down; the frame was not delivered.
	ErrThrottled = errors.New("transport is throttling")
	// ErrUnavailable: the transport failed; whether the frame was delivered may be unknown.
	ErrUnavailable = errors.New("transport is unavailable")
)
