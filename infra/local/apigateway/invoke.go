package apigateway

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

var (
	errMalformed = errors.New("apigateway: the function's answer is no proxy response")
	errUnhandled = errors.New("apigateway: the function failed")
	errTimeout   = errors.New("apigateway: the function did not answer in time")
)

// response is what a function answers.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-connections.html
type response struct {
	StatusCode        int                 `json:"statusCode"`
	Headers           map[string]any      `json:"headers"`
	MultiValueHeaders map[string][]string `json:"multiValueHeaders"`
	Body              *string             `json:"body"`
	IsBase64Encoded   bool                `json:"isBase64Encoded"`
}

func (r response) ok() bool { return r.StatusCode >= 200 && r.StatusCode < 300 }

// usable reports whether a handshake can be answered with the response.
func (r response) usable() bool {
	return r.StatusCode >= 200 && r.StatusCode < 600 && headerSafe(r.subprotocol())
}

// subprotocol is the one header of $connect's answer that reaches the client.
func (r response) subprotocol() string {
	for name, values := range r.MultiValueHeaders {
		if strings.EqualFold(name, "Sec-WebSocket-Protocol") && len(values) > 0 {
			return values[0]
		}
	}
	for name, value := range r.Headers {
		if s, ok := value.(string); ok && strings.EqualFold(name, "Sec-WebSocket-Protocol") {
			return s
		}
	}
	return ""
}

// headerSafe keeps a function from ending the header and writing one of its own.
func headerSafe(value string) bool {
	return strings.IndexFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) < 0
}

// content is the body as the client is to get it; ok is false if there is none.
func (r response) content() (body []byte, ok bool, err error) {
	if r.Body == nil {
		return nil, false, nil
	}
	if r.IsBase64Encoded {
		body, err = base64.StdEncoding.DecodeString(*r.Body)
		return body, true, err
	}
	return []byte(*r.Body), true, nil
}

// call invokes a route's function and reads its answer.
func (s *Server) call(route Route, e *event) (response, error) {
	started := time.Now()
	payload, err := s.invoke(route.Function, e)
	var answer response
	if err == nil {
		answer, err = parseResponse(payload)
	}
	s.report(route, e, started, answer.StatusCode, err)
	return answer, err
}

func (s *Server) invoke(function string, e *event) ([]byte, error) {
	input, err := e.encode()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(s.ctx, s.opt.IntegrationTimeout)
	defer cancel()
	payload, functionError, err := s.opt.Invoke(ctx, function, input)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, errTimeout
	case err != nil:
		return nil, err
	case functionError != "":
		return nil, fmt.Errorf("%w: %s", errUnhandled, functionError)
	}
	return payload, nil
}

// parseResponse demands an object with a status code: a handler that returns
// nothing gets the client an error frame on AWS too.
func parseResponse(payload []byte) (response, error) {
	var r response
	if err := json.Unmarshal(payload, &r); err != nil {
		return response{}, fmt.Errorf("%w: %w", errMalformed, err)
	}
	if r.StatusCode == 0 {
		return response{}, fmt.Errorf("%w: no statusCode", errMalformed)
	}
	return r, nil
}

func (s *Server) report(route Route, e *event, started time.Time, status int, err error) {
	rc := &e.RequestContext
	if err != nil {
		s.opt.Logger.Warn("invocation failed", "function", route.Function, "route", rc.RouteKey,
			"connection", rc.ConnectionID, "request", rc.RequestID, "error", err)
	}
	if s.opt.OnInvoke != nil {
		s.opt.OnInvoke(Invocation{Function: route.Function, Route: rc.RouteKey, ConnectionID: rc.ConnectionID,
			RequestID: rc.RequestID, Status: status, Err: err, Started: started, Duration: time.Since(started)})
	}
}

// integrationError is a failed invocation in AWS's words.
func integrationError(err error) (status int, message string) {
	switch {
	case errors.Is(err, errTimeout):
		return http.StatusGatewayTimeout, "Endpoint request timed out"
	case errors.Is(err, errUnhandled), errors.Is(err, errMalformed):
		return http.StatusBadGateway, "Internal server error"
	}
	return http.StatusInternalServerError, "Internal server error"
}

// dispatch hands a message to its route's function, beside all others of the socket.
func (s *Server) dispatch(c *conn, message []byte) {
	s.messages.Add(1)
	e := c.messageEvent(message)
	if s.inFlight.Add(1) > int64(s.opt.MaxInFlight) {
		s.inFlight.Add(-1)
		c.sendError("Too Many Requests", e) // the text is not documented
		return
	}
	s.work.Add(1)
	handle := func() {
		defer s.work.Done()
		defer s.inFlight.Add(-1)
		s.handle(c, e, message)
	}
	if c.shuffle != nil {
		c.shuffle.add(handle)
		return
	}
	go handle()
}

func (s *Server) handle(c *conn, e *event, message []byte) {
	key, route, ok := s.selectRoute(message)
	if !ok {
		c.sendError("Forbidden", e)
		return
	}
	e.RequestContext.RouteKey = key
	answer, err := s.call(route, e)
	if err == nil && route.RouteResponse {
		err = s.reply(c, answer)
	}
	if err != nil {
		_, text := integrationError(err)
		c.sendError(text, e)
	}
}

// reply sends the answer's body. A body that is absent sends nothing, an empty one an
// empty message (not documented).
func (s *Server) reply(c *conn, answer response) error {
	body, ok, err := answer.content()
	if err != nil || len(body) > s.opt.MaxMessage {
		return errMalformed
	}
	if ok {
		_ = c.send(validText(body)) // closed or full: nobody is left to be told
	}
	return nil
}

// disconnect runs $disconnect, as far as it goes: nobody waits for its answer.
func (s *Server) disconnect(c *conn, cause closeCause) {
	if route, ok := s.api.Routes[routeDisconnect]; ok {
		_, _ = s.call(route, c.disconnectEvent(cause)) // call has reported it
	}
}

// sendError tells the client what the gateway could not do; the socket stays open.
func (c *conn) sendError(message string, e *event) {
	_ = c.send(c.errorFrame(message, e.RequestContext.RequestID))
}

func (c *conn) errorFrame(message, requestID string) []byte {
	return []byte(`{"message": "` + message + `", "connectionId":"` + c.id + `", "requestId":"` + requestID + `"}`)
}
