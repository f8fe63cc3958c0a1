package apigateway

import (
	"encoding/json"
	"fmt"
	"strings"
)

// selector evaluates a route selection expression on a message.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-routes.html
type selector struct {
	parts []selectorPart
}

// selectorPart is a literal, or the path of a field of the message's body.
type selectorPart struct {
	literal string
	path    []string
}

const bodyPrefix = "request.body."

// newSelector parses "$request.body.a.b" or literals mixed with "${request.body.a}".
func newSelector(expression string) (*selector, error) {
	if rest, ok := strings.CutPrefix(expression, "$"+bodyPrefix); ok {
		path, err := bodyPath(expression, rest)
		if err != nil {
			return nil, err
		}
		return &selector{parts: []selectorPart{{path: path}}}, nil
	}
	return parseBraced(expression)
}

func parseBraced(expression string) (*selector, error) {
	s, rest, fields := &selector{}, expression, 0
	for rest != "" {
		literal, tail, found := strings.Cut(rest, "${")
		if strings.ContainsAny(literal, "${}") {
			return nil, fmt.Errorf("apigateway: route selection expression %q: %q is not understood", expression, literal)
		}
		if literal != "" {
			s.parts = append(s.parts, selectorPart{literal: literal})
		}
		if !found {
			break
		}
		inner, after, closed := strings.Cut(tail, "}")
		field, isBody := strings.CutPrefix(inner, bodyPrefix)
		if !closed || !isBody {
			return nil, fmt.Errorf("apigateway: route selection expression %q: want ${request.body.FIELD}", expression)
		}
		path, err := bodyPath(expression, field)
		if err != nil {
			return nil, err
		}
		s.parts, rest, fields = append(s.parts, selectorPart{path: path}), after, fields+1
	}
	if fields == 0 {
		return nil, fmt.Errorf("apigateway: route selection expression %q names no field of the message", expression)
	}
	return s, nil
}

func bodyPath(expression, field string) ([]string, error) {
	path := strings.Split(field, ".")
	for _, name := range path {
		if name == "" || strings.ContainsAny(name, "${}[]()*@/ '\"") {
			return nil, fmt.Errorf("apigateway: route selection expression %q: field %q is not supported", expression, field)
		}
	}
	return path, nil
}

// routeKey is what the message asks for; "" if it is not JSON. A missing field counts
// as an empty string.
func (s *selector) routeKey(message []byte) string {
	if !json.Valid(message) {
		return ""
	}
	if len(s.parts) == 1 {
		return s.parts[0].value(message)
	}
	var key strings.Builder
	for _, part := range s.parts {
		key.WriteString(part.value(message))
	}
	return key.String()
}

func (p selectorPart) value(message []byte) string {
	if p.path == nil {
		return p.literal
	}
	raw := json.RawMessage(message)
	for _, name := range p.path {
		var fields map[string]json.RawMessage
		if json.Unmarshal(raw, &fields) != nil {
			return ""
		}
		raw = fields[name]
	}
	return text(raw)
}

// text is a JSON string's value, and any other value as it is written; null is "".
func text(raw json.RawMessage) string {
	if len(raw) == 0 || string(raw) == "null" {
		return ""
	}
	var s string
	if raw[0] == '"' && json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// selectRoute finds the message's route: its own key, or else $default. A message
// cannot name a key that begins with $, least of all $connect.
func (s *Server) selectRoute(message []byte) (key string, route Route, ok bool) {
	if key = s.selector.routeKey(message); !strings.HasPrefix(key, "$") {
		if route, ok = s.api.Routes[key]; ok {
			return key, route, true
		}
	}
	route, ok = s.api.Routes[routeDefault]
	return routeDefault, route, ok
}
