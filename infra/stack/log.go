package stack

import "encoding/json"

// Invocation is one line of the runner's log: a function ran.
type Invocation struct {
	// Function is its logical id; Route and Connection are empty for events that have none.
	Function, Route, Connection string
	// Records is how many records a stream's or queue's event had.
	Records int
	// Request is the request id.
	Request string
	// Result is "ok", a status such as "200", or what went wrong.
	Result string
}

// Line is a line that a function wrote.
type Line struct{ Function, Request, Text string }

// take reads one line of the log, and reports whether it says that everything answers.
func (s *Stack) take(text []byte) (ready bool) {
	var line struct {
		Ready                                       bool
		Edge, DynamoDB, WebSocket, Callback, Lambda string
		Line                                        string
		Invocation
	}
	if json.Unmarshal(text, &line) != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case line.Ready:
		s.Edge, s.DynamoDB, s.WebSocket, s.Callback, s.API = line.Edge, line.DynamoDB, line.WebSocket, line.Callback, line.Lambda
	case line.Function != "" && line.Result != "":
		s.seen = append(s.seen, line.Invocation)
	case line.Function != "" && line.Line != "":
		s.lines = append(s.lines, Line{Function: line.Function, Request: line.Request, Text: line.Line})
	}
	return line.Ready
}
