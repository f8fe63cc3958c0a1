package pusher

import "errors"

// What can be refused. Package pusher's answers say how each is told to a client.
var (
	ErrNoApp      = errors.New("no such app")
	ErrDisabled   = errors.New("the app is disabled")
	ErrSubscribed = errors.New("the connection is subscribed to the channel already")
	ErrOvertaken  = errors.New("a later message has subscribed to the channel")
	ErrFull       = errors.New("the channel has as many users as it may")
	ErrOtherUser  = errors.New("somebody else is signed in on the connection")
	ErrSignature  = errors.New("the signature does not fit")
	ErrChannel    = errors.New("no channel's name")
	ErrEvent      = errors.New("no event's name")
	ErrUser       = errors.New("no user")
	ErrTooLarge   = errors.New("the data is too large")
)
