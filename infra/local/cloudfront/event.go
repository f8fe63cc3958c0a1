package cloudfront

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// errInvalid marks a function that ran but whose answer CloudFront does not accept.
var errInvalid = errors.New("cloudfront: the function returned something invalid")

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errInvalid, fmt.Sprintf(format, args...))
}

// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html
type functionEvent struct {
	Version string          `json:"version"`
	Context eventContext    `json:"context"`
	Viewer  eventViewer     `json:"viewer"`
	Request functionRequest `json:"request"`
}

type eventContext struct {
	DistributionDomainName string `json:"distributionDomainName"`
	DistributionID         string `json:"distributionId"`
	EventType              string `json:"eventType"`
	RequestID              string `json:"requestId"`
}

type eventViewer struct {
	IP string `json:"ip"`
}

type functionRequest struct {
	Method      string `json:"method"`
	URI         string `json:"uri"`
	QueryString fields `json:"querystring"`
	Headers     fields `json:"headers"`
	Cookies     fields `json:"cookies"`
}

func newFunctionRequest(r *http.Request) functionRequest {
	return functionRequest{Method: r.Method, URI: r.URL.EscapedPath(), QueryString: parseQuery(r.URL.RawQuery),
		Headers: visibleHeaders(r), Cookies: parseCookies(r.Header)}
}

// functionResult is what a function returned: exactly one of the two.
type functionResult struct {
	request  *functionRequest
	response *functionResponse
}

// parseResult reads what a handler returned. An object with a statusCode is a
// response, any other one a request, which must still be the one that came in where
// functions may not change it.
func parseResult(result string, before functionRequest) (functionResult, error) {
	var probe struct {
		StatusCode  json.RawMessage `json:"statusCode"`
		QueryString json.RawMessage `json:"querystring"`
	}
	if err := json.Unmarshal([]byte(result), &probe); err != nil {
		return functionResult{}, invalid("%v", err)
	}
	if probe.StatusCode != nil {
		response, err := parseResponse(result)
		return functionResult{response: response}, err
	}
	request, err := parseRequest(result, probe.QueryString)
	if err != nil {
		return functionResult{}, err
	}
	return functionResult{request: request}, request.validate(before)
}

// parseRequest reads a request; its query may also be one string.
func parseRequest(result string, query json.RawMessage) (*functionRequest, error) {
	var asText struct {
		Method      string          `json:"method"`
		URI         string          `json:"uri"`
		QueryString json.RawMessage `json:"querystring"`
		Headers     fields          `json:"headers"`
		Cookies     fields          `json:"cookies"`
	}
	if err := json.Unmarshal([]byte(result), &asText); err != nil {
		return nil, invalid("%v", err)
	}
	request := &functionRequest{Method: asText.Method, URI: asText.URI, Headers: asText.Headers, Cookies: asText.Cookies}
	var text string
	switch err := json.Unmarshal(query, &text); {
	case len(query) == 0:
	case err == nil:
		request.QueryString = parseQuery(text)
	default:
		if err := json.Unmarshal(query, &request.QueryString); err != nil {
			return nil, invalid("request.querystring: %v", err)
		}
	}
	return request, nil
}

// validate keeps a function from writing what would not be one request any more.
func (r *functionRequest) validate(before functionRequest) error {
	if r.Method != before.Method {
		return invalid("request.method is read-only")
	}
	if !strings.HasPrefix(r.URI, "/") || strings.ContainsAny(r.URI, "?#") || !printable(r.URI) {
		return invalid("request.uri %.80q is no path", r.URI)
	}
	if _, err := url.PathUnescape(r.URI); err != nil {
		return invalid("request.uri: %v", err)
	}
	if query := r.QueryString.encodeQuery(); strings.Contains(query, "#") || !printable(query) {
		return invalid("request.querystring %.80q must be percent-encoded", query)
	}
	if cookies := r.Cookies.encodeCookies(); !headerValue(cookies) {
		return invalid("request.cookies: %.80q", cookies)
	}
	if err := validateHeaders(r.Headers); err != nil {
		return err
	}
	for _, name := range readOnly {
		was, _ := before.Headers.get(name)
		is, _ := r.Headers.get(name)
		if !slices.Equal(was, is) {
			return invalid("request.headers: %s is read-only", name)
		}
	}
	return nil
}

func validateHeaders(headers fields) error {
	for _, h := range headers {
		if !headerName(h.name) {
			return invalid("header name %.80q: want a name in lower case", h.name)
		}
		if hidden(h.name) {
			return invalid("header %s must not be set by a function", h.name)
		}
		for _, v := range h.values {
			if !headerValue(v.Value) {
				return invalid("header %s has the value %.80q", h.name, v.Value)
			}
		}
	}
	return nil
}

// printable reports whether s has no space and no control character.
func printable(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }) < 0
}

// headerValue reports whether s can stand in one header line.
func headerValue(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) < 0
}

// headerName reports whether s is a token in lower case.
// https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
func headerName(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	}) < 0
}

// apply makes the request that the function returned out of the viewer's. Headers that
// the function could not see stay.
func (r *functionRequest) apply(viewer *http.Request) {
	for name := range viewer.Header {
		if !hidden(strings.ToLower(name)) {
			delete(viewer.Header, name)
		}
	}
	for _, h := range r.Headers {
		if h.name == "host" {
			continue
		}
		for _, v := range h.values {
			viewer.Header.Add(h.name, v.Value)
		}
	}
	if cookies := r.Cookies.encodeCookies(); cookies != "" {
		viewer.Header.Set("Cookie", cookies)
	}
	setPath(viewer.URL, r.URI)
	viewer.URL.RawQuery = escapeHigh(r.QueryString.encodeQuery())
}

// setPath sets an escaped path so that it goes out as it is written.
func setPath(u *url.URL, escaped string) {
	path, err := url.PathUnescape(escaped)
	if err != nil { // validated before; as text it is at least harmless
		path = escaped
	}
	u.Path, u.RawPath = path, escaped
}

// escapeHigh percent-encodes what is not ASCII: a request line must not hold it.
func escapeHigh(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if s[i] < 0x80 {
			b.WriteByte(s[i])
		} else {
			fmt.Fprintf(&b, "%%%02X", s[i])
		}
	}
	return b.String()
}
