package cloudfront

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// fields are headers, cookies or query parameters as a function sees them: an object
// {name: {value, multiValue}}, whose order is kept.
type fields []field

type field struct {
	name   string
	values []value
}

type value struct {
	Value      string `json:"value"`
	Attributes string `json:"attributes,omitempty"`
}

func (f *fields) add(name, v string) {
	for i := range *f {
		if (*f)[i].name == name {
			(*f)[i].values = append((*f)[i].values, value{Value: v})
			return
		}
	}
	*f = append(*f, field{name, []value{{Value: v}}})
}

func (f fields) get(name string) (values []value, ok bool) {
	for _, field := range f {
		if field.name == name {
			return field.values, true
		}
	}
	return nil, false
}

// MarshalJSON writes the first value as value, and all of them as multiValue if there
// are several.
func (f fields) MarshalJSON() ([]byte, error) {
	var buf bytes.Buffer
	buf.WriteByte('{')
	for i, field := range f {
		if i > 0 {
			buf.WriteByte(',')
		}
		object := struct {
			value
			MultiValue []value `json:"multiValue,omitempty"`
		}{value: field.values[0]}
		if len(field.values) > 1 {
			object.MultiValue = field.values
		}
		name, err := json.Marshal(field.name)
		if err != nil {
			return nil, err
		}
		body, err := json.Marshal(object)
		if err != nil {
			return nil, err
		}
		buf.Write(append(append(name, ':'), body...))
	}
	buf.WriteByte('}')
	return buf.Bytes(), nil
}

// UnmarshalJSON reads what a function returned. multiValue counts if it is there;
// every value must be a string.
func (f *fields) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return errors.New("want an object")
	}
	*f = (*f)[:0]
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		values, err := decodeValues(dec)
		if err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
		*f = append(*f, field{name.(string), values}) // the name of a member is a string
	}
	return nil
}

func decodeValues(dec *json.Decoder) ([]value, error) {
	type single struct {
		Value      *string `json:"value"`
		Attributes string  `json:"attributes"`
	}
	var object struct {
		single
		MultiValue []single `json:"multiValue"`
	}
	if err := dec.Decode(&object); err != nil {
		return nil, errors.New("want {value: string}")
	}
	list := object.MultiValue
	if len(list) == 0 {
		list = []single{object.single}
	}
	values := make([]value, 0, len(list))
	for _, s := range list {
		if s.Value == nil {
			return nil, errors.New("want {value: string}")
		}
		values = append(values, value{*s.Value, s.Attributes})
	}
	return values, nil
}

// parseQuery splits a query without decoding it: functions see it as the viewer wrote it.
func parseQuery(raw string) fields {
	query := fields{}
	index := make(map[string]int)
	for pair := range strings.SplitSeq(raw, "&") {
		name, v, _ := strings.Cut(pair, "=")
		if pair == "" {
			continue
		}
		i, ok := index[name]
		if !ok {
			i = len(query)
			index[name], query = i, append(query, field{name: name})
		}
		query[i].values = append(query[i].values, value{Value: v})
	}
	return query
}

// encodeQuery is the reverse of parseQuery, with the values of a name side by side.
func (f fields) encodeQuery() string { return f.join("&") }

func (f fields) join(separator string) string {
	var pairs []string
	for _, field := range f {
		for _, v := range field.values {
			pairs = append(pairs, field.name+"="+v.Value)
		}
	}
	return strings.Join(pairs, separator)
}

func parseCookies(h http.Header) fields {
	cookies := fields{}
	for _, line := range h.Values("Cookie") {
		for pair := range strings.SplitSeq(line, ";") {
			if name, v, ok := strings.Cut(strings.TrimSpace(pair), "="); ok && name != "" {
				cookies.add(name, v)
			}
		}
	}
	return cookies
}

func (f fields) encodeCookies() string { return f.join("; ") }

// visibleHeaders are the headers that a function may see, sorted, in lower case.
func visibleHeaders(r *http.Request) fields {
	headers := fields{}
	headers.add("host", r.Host)
	for name, values := range r.Header {
		name = strings.ToLower(name)
		if name == "cookie" || name == "host" || hidden(name) {
			continue
		}
		for _, v := range values {
			headers.add(name, v)
		}
	}
	slices.SortFunc(headers, func(a, b field) int { return strings.Compare(a.name, b.name) })
	return headers
}

// hidden are the headers that functions neither see nor set. The name is in lower case.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html#function-restrictions-headers
func hidden(name string) bool {
	switch name {
	case "connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "trailer",
		"upgrade", "x-cache", "x-forwarded-proto", "x-real-ip":
		return true
	}
	for _, prefix := range []string{"x-accel-", "x-amz-cf-", "x-amzn-", "x-edge-"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// readOnly are the request headers that a function sees and must not change.
var readOnly = []string{"content-length", "host", "transfer-encoding", "via"}
