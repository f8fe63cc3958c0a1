package cloudfront

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
)

// maxBody is CloudFront's limit on a body that a function writes, in bytes.
const maxBody = 40 << 10

// functionResponse is a response that a function made, without asking an origin.
type functionResponse struct {
	status  int
	headers fields
	cookies fields
	body    []byte
}

// parseResponse reads a response. Its status description goes nowhere: net/http
// writes the standard one, and HTTP/2 has none.
func parseResponse(result string) (*functionResponse, error) {
	var object struct {
		StatusCode int             `json:"statusCode"`
		Headers    fields          `json:"headers"`
		Cookies    fields          `json:"cookies"`
		Body       json.RawMessage `json:"body"`
	}
	if err := json.Unmarshal([]byte(result), &object); err != nil {
		return nil, invalid("%v", err)
	}
	if object.StatusCode < 200 || object.StatusCode > 599 {
		return nil, invalid("response.statusCode %d", object.StatusCode)
	}
	body, err := parseBody(object.Body)
	if err != nil {
		return nil, err
	}
	response := &functionResponse{object.StatusCode, object.Headers, object.Cookies, body}
	return response, response.validate()
}

// parseBody reads a string, or {encoding, data} with the encoding text or base64.
func parseBody(raw json.RawMessage) ([]byte, error) {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return nil, nil
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return []byte(text), nil
	}
	var object struct{ Encoding, Data string }
	if err := json.Unmarshal(raw, &object); err != nil {
		return nil, invalid("response.body: want a string or {encoding, data}")
	}
	switch object.Encoding {
	case "text":
		return []byte(object.Data), nil
	case "base64":
		data, err := base64.StdEncoding.DecodeString(object.Data)
		if err != nil {
			return nil, invalid("response.body.data: %v", err)
		}
		return data, nil
	}
	return nil, invalid("response.body.encoding %.40q: want text or base64", object.Encoding)
}

func (r *functionResponse) validate() error {
	if len(r.body) > maxBody {
		return invalid("response.body is %d bytes long, CloudFront takes at most %d", len(r.body), maxBody)
	}
	for _, c := range r.cookies {
		for _, v := range c.values {
			if !headerName(lower(c.name)) || !headerValue(v.Value) || !headerValue(v.Attributes) {
				return invalid("response.cookies: %.80q", c.name)
			}
		}
	}
	for _, name := range []string{"content-length", "transfer-encoding", "via"} {
		if _, ok := r.headers.get(name); ok {
			return invalid("response.headers: %s must not be set", name)
		}
	}
	return validateHeaders(r.headers)
}

func lower(s string) string { return string(bytes.ToLower([]byte(s))) }

// write answers the viewer.
func (r *functionResponse) write(w http.ResponseWriter) {
	h := w.Header()
	h["Content-Type"] = nil // unless the function sets it: CloudFront does not guess
	for _, field := range r.headers {
		for i, v := range field.values {
			if i == 0 {
				h.Set(field.name, v.Value)
			} else {
				h.Add(field.name, v.Value)
			}
		}
	}
	for _, cookie := range r.cookies {
		for _, v := range cookie.values {
			line := cookie.name + "=" + v.Value
			if v.Attributes != "" {
				line += "; " + v.Attributes
			}
			h.Add("Set-Cookie", line)
		}
	}
	if r.status != http.StatusNoContent && r.status != http.StatusNotModified {
		h.Set("Content-Length", strconv.Itoa(len(r.body)))
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body)
}
