package functionurl

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"edgestream/infra/local/lambda"
)

// errTooLarge is a request whose event is over Lambda's limit.
var errTooLarge = errors.New("functionurl: request is too large")

// payload is an event in payload format 2.0.
type payload struct {
	Version               string            `json:"version"`
	RouteKey              string            `json:"routeKey"`
	RawPath               string            `json:"rawPath"`
	RawQueryString        string            `json:"rawQueryString"`
	Cookies               []string          `json:"cookies,omitempty"`
	Headers               map[string]string `json:"headers"`
	QueryStringParameters map[string]string `json:"queryStringParameters,omitempty"`
	RequestContext        requestContext    `json:"requestContext"`
	Body                  string            `json:"body,omitempty"`
	IsBase64Encoded       bool              `json:"isBase64Encoded"`
}

type requestContext struct {
	// AccountID is "anonymous" for a request that is not signed.
	AccountID    string      `json:"accountId"`
	APIID        string      `json:"apiId"`
	Authorizer   *authorizer `json:"authorizer,omitempty"`
	DomainName   string      `json:"domainName"`
	DomainPrefix string      `json:"domainPrefix"`
	HTTP         requestHTTP `json:"http"`
	RequestID    string      `json:"requestId"`
	RouteKey     string      `json:"routeKey"`
	Stage        string      `json:"stage"`
	Time         string      `json:"time"`
	TimeEpoch    int64       `json:"timeEpoch"`
}

type requestHTTP struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

// authorizer says who signed a request.
type authorizer struct {
	IAM caller `json:"iam"`
}

type caller struct {
	AccessKey string `json:"accessKey"`
	AccountID string `json:"accountId"`
	CallerID  string `json:"callerId"`
	UserARN   string `json:"userArn"`
	UserID    string `json:"userId"`
}

// event is the request as the function gets it. The error is errTooLarge, or the body's.
func (h *Handler) event(r *http.Request, id string) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, lambda.MaxSyncPayload+1))
	if err != nil {
		return nil, err
	}
	if len(body) > lambda.MaxSyncPayload {
		_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 10*lambda.MaxSyncPayload)) // so that the client reads its answer
		return nil, errTooLarge
	}
	p := payload{
		Version: "2.0", RouteKey: "$default", RawPath: path(r.URL), RawQueryString: r.URL.RawQuery,
		Cookies: cookies(r.Header), Headers: h.headers(r), QueryStringParameters: parameters(r.URL.RawQuery),
		RequestContext: h.context(r, id),
	}
	p.Body, p.IsBase64Encoded = text(body, r.Header.Get("Content-Type"))
	event, err := json.Marshal(p)
	if err == nil && len(event) > lambda.MaxSyncPayload {
		err = errTooLarge
	}
	return event, err
}

func (h *Handler) context(r *http.Request, id string) requestContext {
	prefix, _, _ := strings.Cut(h.url.Domain, ".")
	now := h.opt.Now().UTC()
	c := requestContext{
		AccountID: "anonymous", APIID: prefix, DomainName: h.url.Domain, DomainPrefix: prefix,
		HTTP:      requestHTTP{r.Method, path(r.URL), r.Proto, sourceIP(r), r.UserAgent()},
		RequestID: id, RouteKey: "$default", Stage: "$default",
		Time: now.Format("02/Jan/2006:15:04:05 -0700"), TimeEpoch: now.UnixMilli(),
	}
	if h.url.AuthType == IAM {
		_, after, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
		key, _, _ := strings.Cut(after, "/")
		c.AccountID = h.opt.AccountID
		c.Authorizer = &authorizer{caller{key, h.opt.AccountID, h.opt.AccountID, "arn:aws:iam::" + h.opt.AccountID + ":root", h.opt.AccountID}}
	}
	return c
}

// path is the request's path as it came, without the query.
func path(u *url.URL) string {
	if p := u.EscapedPath(); strings.HasPrefix(p, "/") {
		return p
	}
	return "/" + u.EscapedPath()
}

func sourceIP(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}

// headers are the request's in lower case, several of one name joined, and those that Lambda
// adds. Cookies have a member of their own.
func (h *Handler) headers(r *http.Request) map[string]string {
	out := map[string]string{}
	for name, values := range r.Header {
		switch name {
		case "Cookie", "Connection", "Keep-Alive", "Te", "Upgrade":
		default:
			out[strings.ToLower(name)] = strings.Join(values, ",")
		}
	}
	forwarded := append(r.Header.Values("X-Forwarded-For"), sourceIP(r))
	out["x-forwarded-for"] = strings.Join(forwarded, ", ")
	out["x-forwarded-proto"], out["x-forwarded-port"] = "https", "443"
	out["host"] = h.url.Domain
	if out["x-amzn-trace-id"] == "" {
		out["x-amzn-trace-id"] = fmt.Sprintf("Root=1-%08x-%s", time.Now().Unix(), strings.ReplaceAll(newRequestID(), "-", "")[:24])
	}
	return out
}

func cookies(header http.Header) []string {
	var out []string
	for _, line := range header.Values("Cookie") {
		for cookie := range strings.SplitSeq(line, ";") {
			if cookie = strings.TrimSpace(cookie); cookie != "" {
				out = append(out, cookie)
			}
		}
	}
	return out
}

// parameters are the query's, unescaped, several of one name joined. What cannot be unescaped
// stands as it came.
func parameters(query string) map[string]string {
	if query == "" {
		return nil
	}
	out := map[string]string{}
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = unescaped(name), unescaped(value)
		if earlier, ok := out[name]; ok {
			value = earlier + "," + value
		}
		out[name] = value
	}
	return out
}

func unescaped(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

// text is the body as the event's member: as it is where its type says text, else in base64.
func text(body []byte, contentType string) (string, bool) {
	if len(body) == 0 {
		return "", false
	}
	kind, _, err := mime.ParseMediaType(contentType)
	readable := strings.HasPrefix(kind, "text/") || kind == "application/json" || kind == "application/xml" || kind == "application/javascript"
	if err == nil && readable && utf8.Valid(body) {
		return string(body), false
	}
	return base64.StdEncoding.EncodeToString(body), true
}
