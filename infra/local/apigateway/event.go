package apigateway

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// event is what a function is handed: AWS's names, in AWS's order, and absent where
// AWS leaves them out.
type event struct {
	Headers                         map[string]string   `json:"headers,omitempty"`
	MultiValueHeaders               map[string][]string `json:"multiValueHeaders,omitempty"`
	QueryStringParameters           map[string]string   `json:"queryStringParameters,omitempty"`
	MultiValueQueryStringParameters map[string][]string `json:"multiValueQueryStringParameters,omitempty"`
	RequestContext                  requestContext      `json:"requestContext"`
	Body                            *string             `json:"body,omitempty"`
	IsBase64Encoded                 bool                `json:"isBase64Encoded"`
}

type requestContext struct {
	RouteKey             string   `json:"routeKey"`
	DisconnectStatusCode int      `json:"disconnectStatusCode,omitempty"`
	MessageID            string   `json:"messageId,omitempty"`
	EventType            string   `json:"eventType"`
	ExtendedRequestID    string   `json:"extendedRequestId"`
	RequestTime          string   `json:"requestTime"`
	MessageDirection     string   `json:"messageDirection"`
	DisconnectReason     *string  `json:"disconnectReason,omitempty"`
	Stage                string   `json:"stage"`
	ConnectedAt          int64    `json:"connectedAt"`
	RequestTimeEpoch     int64    `json:"requestTimeEpoch"`
	Identity             identity `json:"identity"`
	RequestID            string   `json:"requestId"`
	DomainName           string   `json:"domainName"`
	ConnectionID         string   `json:"connectionId"`
	APIID                string   `json:"apiId"`
}

type identity struct {
	UserAgent string `json:"userAgent,omitempty"`
	SourceIP  string `json:"sourceIp"`
}

const requestTimeFormat = "02/Jan/2006:15:04:05 -0700"

// newContext fills in what every event carries.
func (c *conn) newContext(eventType string) requestContext {
	now, id := c.srv.opt.Now().UTC(), c.srv.ids.next(kindRequest)
	return requestContext{
		EventType: eventType, RequestID: id, ExtendedRequestID: id,
		RequestTime: now.Format(requestTimeFormat), RequestTimeEpoch: now.UnixMilli(),
		MessageDirection: "IN", Stage: c.srv.api.Stage, APIID: c.srv.api.ID,
		ConnectionID: c.id, ConnectedAt: c.connectedAt.UnixMilli(),
		Identity: c.identity, DomainName: c.domain,
	}
}

func (c *conn) connectEvent(r *http.Request) *event {
	e := &event{RequestContext: c.newContext("CONNECT")}
	e.RequestContext.RouteKey = routeConnect
	e.MultiValueHeaders = connectHeaders(r, c.identity.SourceIP, c.connectedAt)
	e.Headers = lastValues(e.MultiValueHeaders)
	e.MultiValueQueryStringParameters = queryValues(r.URL.RawQuery)
	e.QueryStringParameters = lastValues(e.MultiValueQueryStringParameters)
	return e
}

func (c *conn) messageEvent(message []byte) *event {
	body := string(message)
	e := &event{RequestContext: c.newContext("MESSAGE"), Body: &body}
	e.RequestContext.MessageID = c.srv.ids.next(kindConnection)
	return e
}

func (c *conn) disconnectEvent(cause closeCause) *event {
	e := &event{RequestContext: c.newContext("DISCONNECT")}
	e.RequestContext.RouteKey = routeDisconnect
	e.RequestContext.DisconnectStatusCode = cause.code
	e.RequestContext.DisconnectReason = &cause.reason
	e.MultiValueHeaders = map[string][]string{"Host": {c.host}, "x-api-key": {""}, "X-Forwarded-For": {""}, "x-restapi": {""}}
	e.Headers = lastValues(e.MultiValueHeaders)
	return e
}

// encode writes the event as JSON, text as it is: < and > are not escaped.
func (e *event) encode() ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return nil, fmt.Errorf("apigateway: encode %s event: %w", e.RequestContext.EventType, err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// connectHeaders are the handshake's headers as $connect sees them: without Upgrade
// and Connection, with what the gateway adds. net/http has unified the case of names;
// the one spelling that it gets wrong is put right.
func connectHeaders(r *http.Request, sourceIP string, at time.Time) map[string][]string {
	headers := map[string][]string{"Host": {r.Host}}
	for name, values := range r.Header {
		if name == "Upgrade" || name == "Connection" {
			continue
		}
		if rest, ok := strings.CutPrefix(name, "Sec-Websocket-"); ok {
			name = "Sec-WebSocket-" + rest
		}
		headers[name] = values
	}
	headers["X-Forwarded-For"] = []string{strings.Join(append(r.Header.Values("X-Forwarded-For"), sourceIP), ", ")}
	proto, port := "http", portOf(r)
	if r.TLS != nil {
		proto = "https"
	}
	headers["X-Forwarded-Proto"], headers["X-Forwarded-Port"] = []string{proto}, []string{port}
	if _, ok := headers["X-Amzn-Trace-Id"]; !ok {
		headers["X-Amzn-Trace-Id"] = []string{traceID(at)}
	}
	return headers
}

func portOf(r *http.Request) string {
	if addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		if _, port, err := net.SplitHostPort(addr.String()); err == nil {
			return port
		}
	}
	if r.TLS != nil {
		return "443"
	}
	return "80"
}

// https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
func traceID(at time.Time) string {
	return fmt.Sprintf("Root=1-%08x-%08x%016x", uint32(at.Unix()), rand.Uint32(), rand.Uint64())
}

// lastValues is the single-valued form of a multi-valued map: API Gateway keeps the last.
func lastValues(multi map[string][]string) map[string]string {
	if len(multi) == 0 {
		return nil
	}
	single := make(map[string]string, len(multi))
	for name, values := range multi {
		if len(values) > 0 {
			single[name] = values[len(values)-1]
		}
	}
	return single
}

// queryValues decodes a query. What is no valid escape stays as it was written:
// unlike url.ParseQuery, nothing is dropped.
func queryValues(raw string) map[string][]string {
	var values map[string][]string
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		if values == nil {
			values = make(map[string][]string)
		}
		name = unescape(name)
		values[name] = append(values[name], unescape(value))
	}
	return values
}

func unescape(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}
