package lambda

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

// maxPrelude bounds the status, headers and cookies that a streamed response begins with.
const maxPrelude = 128 << 10

// preludeEnd separates the prelude from the body.
var preludeEnd = make([]byte, 8)

// prelude is the JSON that a streamed response begins with.
type prelude struct {
	StatusCode int               `json:"statusCode"`
	Headers    map[string]string `json:"headers"`
	Cookies    []string          `json:"cookies"`
}

// httpIntegration is the content type of a response that begins with a prelude.
const httpIntegration = "application/vnd.awslambda.http-integration-response"

// errPrelude is a streamed response that does not begin with a prelude.
var errPrelude = errors.New("invalid prelude of a streamed response")

// readPrelude returns the prelude and what was read beyond it.
func readPrelude(body io.Reader) (prelude, []byte, error) {
	var got []byte
	buf := make([]byte, 4<<10)
	for {
		n, err := body.Read(buf)
		got = append(got, buf[:n]...)
		if text, rest, found := bytes.Cut(got, preludeEnd); found {
			head, err := parsePrelude(text)
			return head, rest, err
		}
		switch {
		case errors.Is(err, io.EOF) || len(got) > maxPrelude:
			return prelude{}, nil, errPrelude
		case err != nil:
			return prelude{}, nil, err
		}
	}
}

func parsePrelude(text []byte) (prelude, error) {
	head := prelude{StatusCode: http.StatusOK}
	if json.Unmarshal(text, &head) != nil || head.StatusCode < 100 || head.StatusCode > 599 {
		return prelude{}, errPrelude
	}
	return head, nil
}
