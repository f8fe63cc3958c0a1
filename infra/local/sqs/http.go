package sqs

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

const (
	contentType = "application/x-amz-json-1.0"
	// maxRequest has room for the largest batch, escaped and in base64.
	maxRequest = 8 << 20
)

// call is one request: what its handler may need besides its input.
type call struct {
	*Service
	ctx  context.Context
	host string
	body []byte
}

// handlers by the name after "AmazonSQS." in X-Amz-Target.
var handlers = map[string]func(*call) (any, error){
	"CreateQueue":                  handle((*call).createQueue),
	"DeleteQueue":                  handle((*call).deleteQueue),
	"GetQueueUrl":                  handle((*call).getQueueURL),
	"ListQueues":                   handle((*call).listQueues),
	"GetQueueAttributes":           handle((*call).getQueueAttributes),
	"SetQueueAttributes":           handle((*call).setQueueAttributes),
	"PurgeQueue":                   handle((*call).purgeQueue),
	"SendMessage":                  handle((*call).sendMessage),
	"SendMessageBatch":             handle((*call).sendMessageBatch),
	"ReceiveMessage":               handle((*call).receiveMessage),
	"DeleteMessage":                handle((*call).deleteMessage),
	"DeleteMessageBatch":           handle((*call).deleteMessageBatch),
	"ChangeMessageVisibility":      handle((*call).changeVisibility),
	"ChangeMessageVisibilityBatch": handle((*call).changeVisibilityBatch),
}

// handle decodes an operation's input before it runs.
func handle[In any](op func(*call, *In) (any, error)) func(*call) (any, error) {
	return func(c *call) (any, error) {
		var in In
		if err := json.Unmarshal(c.body, &in); err != nil {
			return nil, general(http.StatusBadRequest, "SerializationException", "MalformedInput", "The request cannot be read: %v", err)
		}
		return op(c, &in)
	}
}

// ServeHTTP answers the JSON protocol: a POST with X-Amz-Target AmazonSQS.X,
// signed in form (the signature itself is not checked).
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("x-amzn-RequestId", newID())
	action := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS.")
	out, err := s.serve(r, action)
	if r.Context().Err() != nil {
		return // nobody is listening
	}
	if err != nil {
		s.writeError(w, action, err)
		return
	}
	body, err := json.Marshal(out)
	if err != nil {
		s.writeError(w, action, err)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Write(body)
}

func (s *Service) serve(r *http.Request, action string) (any, error) {
	if err := checkRequest(r); err != nil {
		return nil, err
	}
	op := handlers[action]
	if op == nil {
		return nil, unsupported("%s is not supported here.", action)
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxRequest))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return nil, invalid("One or more parameters are invalid. Reason: The request must be shorter than %d bytes.", maxRequest)
	} else if err != nil {
		return nil, general(http.StatusBadRequest, "SerializationException", "MalformedInput", "The request ended early.")
	}
	return op(&call{Service: s, ctx: r.Context(), host: r.Host, body: body})
}

// checkRequest wants the JSON protocol and a signature of the right form.
func checkRequest(r *http.Request) error {
	if r.Method != http.MethodPost || !strings.HasPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS.") {
		return unsupported("Only the JSON protocol is supported here: a POST with X-Amz-Target: AmazonSQS.ACTION. SDKs of late 2023 and later speak it; the query protocol (Action=...) is not supported.")
	}
	authorization := r.Header.Get("Authorization")
	if authorization == "" {
		return general(http.StatusForbidden, "MissingAuthenticationTokenException", "MissingAuthenticationToken", "Request is missing Authentication Token")
	}
	if !strings.HasPrefix(authorization, "AWS4-HMAC-SHA256 ") || !strings.Contains(authorization, "/sqs/aws4_request") || !strings.Contains(authorization, "Signature=") {
		return general(http.StatusForbidden, "IncompleteSignatureException", "IncompleteSignature", "Authorization is not an AWS4-HMAC-SHA256 signature for sqs.")
	}
	return nil
}
