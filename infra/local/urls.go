package main

import (
	"net/http"
	"strings"

	"edgestream/infra/local/functionurl"
	"edgestream/infra/local/template"
)

// urlPrefix begins the paths of function URLs, which share an address with the AWS APIs.
const urlPrefix = "/lambda-url/"

func urlPath(u template.FunctionURL) string { return urlPrefix + u.LogicalID }

// functionURLs serves each of the stack's under its path. A response that still streams when the
// program ends is cut off.
func (r *runner) functionURLs() http.Handler {
	urls := map[string]http.Handler{}
	for _, u := range r.stack.FunctionURLs {
		handler := functionurl.New(urlOf(u), functionurl.Options{Lambda: r.functions, AccountID: r.stack.AccountID, Logger: r.log.operator(), Life: r.life})
		urls[u.LogicalID] = http.StripPrefix(urlPath(u), handler)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		id, _, _ := strings.Cut(strings.TrimPrefix(req.URL.Path, urlPrefix), "/")
		if urls[id] == nil {
			http.NotFound(w, req)
			return
		}
		urls[id].ServeHTTP(w, req)
	})
}

func urlOf(u template.FunctionURL) functionurl.URL {
	out := functionurl.URL{Function: u.Function, Domain: u.Domain, AuthType: u.AuthType, InvokeMode: u.InvokeMode}
	if c := u.CORS; c != nil {
		out.CORS = &functionurl.CORS{AllowCredentials: c.AllowCredentials, AllowHeaders: c.AllowHeaders, AllowMethods: c.AllowMethods,
			AllowOrigins: c.AllowOrigins, ExposeHeaders: c.ExposeHeaders, MaxAgeSeconds: c.MaxAgeSeconds}
	}
	return out
}
