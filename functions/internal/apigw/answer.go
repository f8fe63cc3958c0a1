package apigw

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"edgestream/functions/internal/awscall"
	"edgestream/functions/internal/stream"
)

// ErrRefused is a request that API Gateway will refuse each time: a mistake in the deployment,
// for an operator to correct. Trying again does not help.
var ErrRefused = errors.New("management API refuses this function " +
	"(check its execute-api:ManageConnections permission and its callback URL)")

const maxAnswer = 16 << 10

// accepted is nil if the answer says so.
func accepted(res *http.Response) error {
	drain(res)
	return answerError(res)
}

// drain reads an answer's body to its end, so that the connection can be used again. A body that
// is too long or too slow costs the connection instead.
func drain(res *http.Response) {
	if res.ContentLength != 0 {
		_, _ = io.CopyN(io.Discard, res.Body, maxAnswer)
	}
}

// answerError is what an answer means. API Gateway names its errors in the header
// X-Amzn-ErrorType; the status decides where the header is missing.
// https://docs.aws.amazon.com/apigatewaymanagementapi/latest/api_reference/API_PostToConnection.html
func answerError(res *http.Response) error {
	if res.StatusCode >= 200 && res.StatusCode <= 299 {
		return nil
	}
	errorType := awscall.TypeName(res.Header.Get("X-Amzn-ErrorType"))
	return fmt.Errorf("%w: %d %.80s (request %.80s)", meaning(res.StatusCode, errorType), res.StatusCode, errorType,
		res.Header.Get("X-Amzn-RequestId"))
}

func meaning(status int, errorType string) error {
	switch errorType {
	case "GoneException":
		return stream.ErrGone
	case "PayloadTooLargeException":
		return stream.ErrTooLarge
	case "LimitExceededException", "TooManyRequestsException", "ThrottlingException":
		return stream.ErrThrottled
	case "ForbiddenException":
		return ErrRefused
	}
	return meaningOf(status)
}

func meaningOf(status int) error {
	switch {
	case status == http.StatusGone:
		return stream.ErrGone
	case status == http.StatusRequestEntityTooLarge:
		return stream.ErrTooLarge
	case status == http.StatusTooManyRequests:
		return stream.ErrThrottled
	case status == http.StatusRequestTimeout:
		return stream.ErrUnavailable
	case status >= 400 && status <= 499:
		return ErrRefused
	}
	return stream.ErrUnavailable // a 5xx, or an answer that API Gateway does not give
}
