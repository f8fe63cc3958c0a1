package functionurl

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// CORS is what a URL lets browsers of other origins do.
// https://docs.aws.amazon.com/lambda/latest/api/API_Cors.html
type CORS struct {
	AllowCredentials                                        bool
	AllowHeaders, AllowMethods, AllowOrigins, ExposeHeaders []string
	// MaxAgeSeconds is how long a browser may keep a preflight's answer.
	MaxAgeSeconds int
}

// corsHeaders are set by the URL's configuration in place of the function.
var corsHeaders = map[string]bool{
	"Access-Control-Allow-Origin": true, "Access-Control-Allow-Credentials": true, "Access-Control-Expose-Headers": true,
}

// answer sets the headers for the request's origin, if it is allowed, and answers a preflight
// itself: the function never sees one.
func (c *CORS) answer(w http.ResponseWriter, r *http.Request) bool {
	origin, h := r.Header.Get("Origin"), w.Header()
	preflight := r.Method == http.MethodOptions && origin != "" && r.Header.Get("Access-Control-Request-Method") != ""
	if origin != "" && c.allows(origin) {
		h.Set("Access-Control-Allow-Origin", c.originOf(origin))
		h.Add("Vary", "Origin")
		if c.AllowCredentials {
			h.Set("Access-Control-Allow-Credentials", "true")
		}
		if preflight {
			c.preflight(h)
		} else if len(c.ExposeHeaders) > 0 {
			h.Set("Access-Control-Expose-Headers", strings.Join(c.ExposeHeaders, ","))
		}
	}
	if preflight {
		w.WriteHeader(http.StatusOK)
	}
	return preflight
}

func (c *CORS) allows(origin string) bool {
	return slices.Contains(c.AllowOrigins, "*") || slices.Contains(c.AllowOrigins, origin)
}

// originOf is * where credentials do not forbid it.
func (c *CORS) originOf(origin string) string {
	if slices.Contains(c.AllowOrigins, "*") && !c.AllowCredentials {
		return "*"
	}
	return origin
}

func (c *CORS) preflight(h http.Header) {
	if len(c.AllowMethods) > 0 {
		h.Set("Access-Control-Allow-Methods", strings.Join(c.AllowMethods, ","))
	}
	if len(c.AllowHeaders) > 0 {
		h.Set("Access-Control-Allow-Headers", strings.Join(c.AllowHeaders, ","))
	}
	if c.MaxAgeSeconds > 0 {
		h.Set("Access-Control-Max-Age", strconv.Itoa(c.MaxAgeSeconds))
	}
}
