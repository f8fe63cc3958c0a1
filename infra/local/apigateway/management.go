package apigateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"sync"
	"unicode/utf8"
)

// manage is the management API, on one connection.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
func (s *Server) manage(w http.ResponseWriter, r *http.Request, escapedID string) {
	if problem := checkSignature(r, s.opt.Region); problem != nil {
		s.fail(w, *problem)
		return
	}
	id, err := url.PathUnescape(escapedID)
	if err != nil || !validID(id) {
		s.fail(w, invalidConnectionID(id))
		return
	}
	switch r.Method {
	case http.MethodPost:
		s.post(w, r, id)
	case http.MethodGet:
		s.get(w, id)
	case http.MethodDelete:
		s.delete(w, id)
	default:
		s.fail(w, errMissingToken) // how API Gateway says that there is no such method
	}
}

func (s *Server) post(w http.ResponseWriter, r *http.Request, id string) {
	buf := bodies.Get().(*bytes.Buffer)
	defer bodies.Put(buf)
	buf.Reset()
	if r.ContentLength > int64(s.opt.MaxMessage) {
		s.fail(w, errTooLarge)
		return
	}
	if _, err := buf.ReadFrom(io.LimitReader(r.Body, int64(s.opt.MaxMessage)+1)); err != nil {
		return // the caller has gone
	}
	if buf.Len() > s.opt.MaxMessage {
		s.fail(w, errTooLarge)
		return
	}
	if problem := s.deliver(id, buf.Bytes()); problem != nil {
		s.fail(w, *problem)
		return
	}
	s.requestID(w)
	w.WriteHeader(http.StatusOK)
}

func (s *Server) deliver(id string, message []byte) *apiError {
	c := s.find(id)
	if c == nil {
		return &errGone
	}
	switch err := c.send(validText(message)); {
	case errors.Is(err, errFull):
		return &errLimit
	case err != nil:
		return &errGone
	}
	s.posts.Add(1)
	return nil
}

// validText makes a message fit for a text frame. Posts are text also when they are
// not (not documented); a client would fail the connection over a bad byte.
func validText(message []byte) []byte {
	if utf8.Valid(message) {
		return message
	}
	return bytes.ToValidUTF8(message, []byte("\uFFFD"))
}

var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

type connectionInfo struct {
	ConnectedAt  string   `json:"connectedAt"`
	Identity     identity `json:"identity"`
	LastActiveAt string   `json:"lastActiveAt"`
}

const iso8601 = "2006-01-02T15:04:05.000Z"

func (s *Server) get(w http.ResponseWriter, id string) {
	c := s.find(id)
	if c == nil || c.closing() {
		s.fail(w, errGone)
		return
	}
	s.requestID(w)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(connectionInfo{ConnectedAt: c.connectedAt.UTC().Format(iso8601),
		Identity: c.identity, LastActiveAt: c.lastActiveAt().UTC().Format(iso8601)})
}

func (s *Server) delete(w http.ResponseWriter, id string) {
	c := s.find(id)
	if c == nil || c.closing() {
		s.fail(w, errGone)
		return
	}
	c.close(closeCause{closeNormal, "Connection Closed Normally"})
	s.requestID(w)
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) requestID(w http.ResponseWriter) {
	w.Header()["X-Amzn-Requestid"] = []string{s.ids.next(kindRequest)}
}
