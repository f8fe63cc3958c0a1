package apigateway

import (
	"crypto/sha1"
	"encoding/base64"
	"net"
	"net/http"
	"strings"
	"time"
)

// upgrade is a handshake: $connect first, and 101 only if it agrees.
func (s *Server) upgrade(w http.ResponseWriter, r *http.Request) {
	accept, problem := checkHandshake(r)
	if problem != nil {
		s.fail(w, *problem)
		return
	}
	if !s.begin() {
		s.fail(w, errShuttingDown)
		return
	}
	c := s.newConn(r)
	answer, err := s.connect(c, r)
	if err != nil || !answer.ok() {
		s.refuse(w, c, answer, err)
		s.work.Done()
		return
	}
	nc, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil { // accepted, and then there is nobody: $connect's traces must go
		s.opt.Logger.Error("websocket handshake failed", "connection", c.id, "error", err)
		s.fail(w, errInternal)
		s.disconnect(c, closeCause{closeAbnormal, ""})
		s.work.Done()
		return
	}
	_ = nc.SetDeadline(time.Time{}) // the http.Server's deadlines are not the socket's
	c.start(nc, buffered.Reader, switchingProtocols(accept, answer.subprotocol()))
}

// connect runs $connect; an API without that route accepts everyone.
func (s *Server) connect(c *conn, r *http.Request) (response, error) {
	route, ok := s.api.Routes[routeConnect]
	if !ok {
		return response{StatusCode: http.StatusOK}, nil
	}
	e := c.connectEvent(r)
	c.connectRequestID = e.RequestContext.RequestID
	answer, err := s.call(route, e)
	if err == nil && !answer.usable() {
		err = errMalformed
	}
	return answer, err
}

// refuse answers a handshake that $connect did not accept: its status alone, or what
// went wrong in AWS's words.
func (s *Server) refuse(w http.ResponseWriter, c *conn, answer response, err error) {
	s.refused.Add(1)
	if err == nil {
		w.WriteHeader(answer.StatusCode)
		return
	}
	status, message := integrationError(err)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(c.errorFrame(message, c.connectRequestID))
}

// checkHandshake returns the value of Sec-WebSocket-Accept.
// https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
func checkHandshake(r *http.Request) (accept string, problem *apiError) {
	if r.Method != http.MethodGet {
		return "", &errForbidden
	}
	if r.ProtoMajor != 1 || !hasToken(r.Header, "Upgrade", "websocket") || !hasToken(r.Header, "Connection", "upgrade") {
		return "", &errUpgradeRequired
	}
	key := r.Header.Get("Sec-WebSocket-Key")
	nonce, err := base64.StdEncoding.DecodeString(key)
	if err != nil || len(nonce) != 16 || r.Header.Get("Sec-WebSocket-Version") != "13" {
		return "", &errBadHandshake
	}
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:]), nil
}

func hasToken(h http.Header, name, token string) bool {
	for _, line := range h.Values(name) {
		for value := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(value), token) {
				return true
			}
		}
	}
	return false
}

func switchingProtocols(accept, subprotocol string) []byte {
	head := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept + "\r\n"
	if subprotocol != "" {
		head += "Sec-WebSocket-Protocol: " + subprotocol + "\r\n"
	}
	return []byte(head + "\r\n")
}

func (s *Server) newConn(r *http.Request) *conn {
	source, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		source = r.RemoteAddr
	}
	domain := *s.domain.Load()
	if domain == "" {
		domain = r.Host
	}
	c := &conn{srv: s, id: s.ids.next(kindConnection), connectedAt: s.opt.Now(), host: r.Host, domain: domain,
		identity: identity{UserAgent: r.UserAgent(), SourceIP: source}}
	s.opt.Logger.Debug("handshake", "connection", c.id, "source", source)
	return c
}
