package httpapi

import (
	"errors"
	"fmt"

	"edgestream/functions/internal/pusher"
)

// Refusal is an error as the caller is told it.
type Refusal struct {
	// Status is of HTTP.
	Status int
	// Message is the answer's body, plain text.
	Message string
	// Reason is for the log, where the message must not stand in one; empty: it may.
	Reason string
	// Allow is the method that the path knows, with status 405.
	Allow string
}

// Error is the text for the log: the reason, or else the message that the caller gets.
func (r Refusal) Error() string {
	if r.Reason != "" {
		return r.Reason
	}
	return r.Message
}

// Own reports whether the fault is the service's, and not the caller's. Trying again may help.
func (r Refusal) Own() bool { return r.Status >= 500 }

// RefusalOf is what the caller is told of err. What is no refusal is a failure of the service.
func RefusalOf(err error) Refusal {
	if r, ok := errors.AsType[Refusal](err); ok {
		return r
	}
	if errors.Is(err, pusher.ErrNoApp) {
		return Refusal{Status: 404, Message: "Unknown app_id"}
	}
	return Refusal{Status: 503, Message: "Service unavailable, please try again", Reason: err.Error()}
}

func invalid(format string, values ...any) error {
	return Refusal{Status: 400, Message: fmt.Sprintf(format, values...)}
}

func unauthorised(format string, values ...any) error {
	return Refusal{Status: 401, Message: fmt.Sprintf(format, values...)}
}

func tooLarge(format string, values ...any) error {
	return Refusal{Status: 413, Message: fmt.Sprintf(format, values...)}
}

var errNotFound = Refusal{Status: 404, Message: "Not found"}
