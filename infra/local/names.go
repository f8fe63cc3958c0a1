package main

import (
	"cmp"
	"net/url"
	"strings"

	"edgestream/infra/local/template"
)

// hostNames are AWS's addresses of what the template deploys, and where that is found here.
type hostNames struct {
	// local by AWS's host name, such as abc.execute-api.us-east-1.amazonaws.com.
	local    map[string]string
	replacer *strings.Replacer
}

// newHostNames finds everything at apiURL, but has functions find @connections at callbacks, if that
// is not empty.
func newHostNames(s *template.Stack, apiURL, callbacks string) *hostNames {
	n := &hostNames{local: map[string]string{}}
	var pairs []string
	for _, api := range s.WebSocketAPIs {
		n.local[api.Domain] = apiURL
		pairs = append(pairs, "https://"+api.Domain, cmp.Or(callbacks, apiURL))
	}
	for _, u := range s.FunctionURLs {
		n.local[u.Domain] = apiURL + urlPath(u)
	}
	for _, q := range s.Queues {
		if u, err := url.Parse(q.URL); err == nil {
			n.local[u.Host] = apiURL
		}
	}
	for host, local := range n.local {
		address := strings.TrimPrefix(local, "http://")
		pairs = append(pairs, "https://"+host, local, "wss://"+host, "ws://"+address)
	}
	n.replacer = strings.NewReplacer(pairs...)
	return n
}

// rewrite replaces AWS's addresses in a text that a function is given.
func (n *hostNames) rewrite(text string) string { return n.replacer.Replace(text) }

// origin is where a distribution's origin is found here.
func (n *hostNames) origin(domain string) (*url.URL, bool) {
	local, ok := n.local[domain]
	if !ok {
		return nil, false
	}
	u, err := url.Parse(local)
	return u, err == nil
}
