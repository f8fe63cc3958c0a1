package functionurl

import (
	"net/http"
)

// remapped are headers that a function cannot set: Lambda sends them under another name.
var remapped = map[string]bool{
	"Connection": true, "Content-Length": true, "Date": true, "Server": true, "Trailer": true,
	"Transfer-Encoding": true, "Upgrade": true, "Www-Authenticate": true,
}

// setHeaders are the function's headers and cookies. kind is the content type if it gives none.
func setHeaders(h http.Header, headers map[string]string, cookies []string, kind string) {
	h.Set("Content-Type", kind)
	for name, value := range headers {
		if remapped[http.CanonicalHeaderKey(name)] {
			name = "X-Amzn-Remapped-" + name
		}
		// CORS is the URL's where it has a configuration.
		if corsHeaders[http.CanonicalHeaderKey(name)] && h.Get(name) != "" {
			continue
		}
		h.Set(name, value)
	}
	for _, cookie := range cookies {
		h.Add("Set-Cookie", cookie)
	}
}
