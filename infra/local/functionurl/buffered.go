package functionurl

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"edgestream/infra/local/lambda"
)

// response is what a function answers whole.
type response struct {
	status  int
	headers map[string]string
	cookies []string
	body    []byte
}

// buffered answers when the function has returned.
func (h *Handler) buffered(w http.ResponseWriter, r *http.Request, event []byte) {
	result, err := h.opt.Lambda.Invoke(r.Context(), h.url.Function, event)
	if err == nil {
		w.Header().Set(requestID, result.RequestID)
	}
	if err == nil && result.FunctionError != "" {
		err = &lambda.FunctionError{RequestID: result.RequestID, Payload: result.Payload}
	}
	if err != nil {
		h.failed(w, r, err)
		return
	}
	answer, err := parseResponse(result.Payload)
	if err != nil {
		h.failed(w, r, err)
		return
	}
	setHeaders(w.Header(), answer.headers, answer.cookies, "application/json")
	w.WriteHeader(answer.status)
	_, _ = w.Write(answer.body) // a client that has gone needs no answer
}

var errResponse = errors.New("the function's response is none that Lambda understands")

// parseResponse reads {statusCode, headers, body, cookies, isBase64Encoded}. JSON without a
// statusCode is the body of a 200.
func parseResponse(answer []byte) (response, error) {
	if !json.Valid(answer) {
		return response{}, fmt.Errorf("%w: it is no JSON", errResponse)
	}
	var shape struct {
		StatusCode      *json.RawMessage           `json:"statusCode"`
		Headers         map[string]json.RawMessage `json:"headers"`
		Body            *string                    `json:"body"`
		Cookies         []string                   `json:"cookies"`
		IsBase64Encoded bool                       `json:"isBase64Encoded"`
	}
	err := json.Unmarshal(answer, &shape)
	if shape.StatusCode == nil {
		return response{status: http.StatusOK, body: answer}, nil
	}
	if err != nil {
		return response{}, fmt.Errorf("%w: %w", errResponse, err)
	}
	out := response{headers: map[string]string{}, cookies: shape.Cookies}
	if json.Unmarshal(*shape.StatusCode, &out.status) != nil || out.status < 100 || out.status > 599 {
		return response{}, fmt.Errorf("%w: statusCode %s", errResponse, *shape.StatusCode)
	}
	for name, value := range shape.Headers {
		if out.headers[name], err = scalar(value); err != nil {
			return response{}, err
		}
	}
	if shape.Body != nil {
		out.body = []byte(*shape.Body)
	}
	if shape.IsBase64Encoded {
		if out.body, err = base64.StdEncoding.DecodeString(string(out.body)); err != nil {
			return response{}, fmt.Errorf("%w: body: %w", errResponse, err)
		}
	}
	return out, nil
}

// scalar is a header's value: a string, or a number or truth value as it is written.
func scalar(value json.RawMessage) (string, error) {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text, nil
	}
	if value[0] == '{' || value[0] == '[' {
		return "", fmt.Errorf("%w: header %.80s", errResponse, value)
	}
	return string(value), nil
}
