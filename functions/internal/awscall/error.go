package awscall

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Error is a call that failed: an answer other than 2xx, or none.
type Error struct {
	Service string
	// Status is the HTTP status; zero if there was no answer.
	Status int
	// Type is the bare name of the service's error, "ConditionalCheckFailedException"; it may be empty.
	Type string
	// Message is the service's text, shortened.
	Message string
	// RequestID names the call in the service's own logs.
	RequestID string
	// Body is the answer's body, which some errors need to be understood.
	Body []byte

	cause error
}

// Error names the service and, of an answer, its status, type, message and request.
func (e *Error) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("%s: no answer: %v", e.Service, e.cause)
	}
	return fmt.Sprintf("%s: %d %s: %s (request %s)", e.Service, e.Status, e.Type, e.Message, e.RequestID)
}

// Unwrap is what kept the answer from coming, such as context.DeadlineExceeded.
func (e *Error) Unwrap() error { return e.cause }

// Throttled reports whether the service asked to slow down.
func (e *Error) Throttled() bool {
	switch e.Type {
	case "ProvisionedThroughputExceededException", "ThrottlingException", "Throttling", "RequestLimitExceeded",
		"TooManyRequestsException", "LimitExceededException", "RequestThrottled", "SlowDown":
		return true
	}
	return e.Status == http.StatusTooManyRequests
}

// Is reports whether err is an answer with this error type.
func Is(err error, errorType string) bool {
	var e *Error
	return errors.As(err, &e) && e.Type == errorType
}

func newError(service string, res *http.Response, body []byte) *Error {
	var said struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	_ = json.Unmarshal(body, &said) // a body that is no JSON says nothing: the status remains
	e := &Error{
		Service: service, Status: res.StatusCode, Body: body,
		Type: TypeName(said.Type), Message: fmt.Sprintf("%.300s", said.Message),
		RequestID: res.Header.Get("X-Amzn-RequestId"),
	}
	if e.Type == "" {
		e.Type = TypeName(res.Header.Get("X-Amzn-ErrorType"))
	}
	return e
}

// TypeName is the bare name in an error type as AWS's protocols write it, with a namespace before
// "#" or a URL after ":".
// https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization
func TypeName(s string) string {
	s, _, _ = strings.Cut(s, ":")
	return s[strings.LastIndexByte(s, '#')+1:]
}

func retryable(ctx context.Context, err error) bool {
	var e *Error
	if ctx.Err() != nil || !errors.As(err, &e) {
		return false
	}
	if e.cause != nil || e.Status >= 500 || e.Throttled() {
		return true
	}
	return e.Type == "TransactionInProgressException" || e.Type == "RequestTimeout"
}
