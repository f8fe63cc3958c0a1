package cloudapp

import (
	"encoding/json"
	"errors"
	"strings"
)

// Why a request is refused.
var (
	// ErrRefused: the capability, or whoever it was made for, may not sign for this channel.
	// It is wrapped with the reason, for the log alone.
	ErrRefused = errors.New("subscription is not authorised")
	// ErrSocket is no socket id.
	ErrSocket = errors.New("no socket id")
	// ErrCallback is no callback that a script may call.
	ErrCallback = errors.New("no callback of pusher-js")
	// ErrBusy: the item was changed by others each time that it was to be changed.
	ErrBusy = errors.New("the item is changed by too many at once")
	// ErrScope: the token may not do this.
	ErrScope = errors.New("access token lacks the scope")
	// ErrBody: the body is no JSON, or not of the shape that is asked for.
	ErrBody = errors.New(`the body must be a JSON object whose member "item" is an object`)
)

// Invalid is what is wrong with an item or a list's parameters, each in words for people.
type Invalid []string

// Error joins what is wrong.
func (i Invalid) Error() string { return strings.Join(i, ", ") }

// JSON is the array of texts that clients get.
func (i Invalid) JSON() []byte {
	b, _ := json.Marshal([]string(i)) // cannot fail
	return b
}
