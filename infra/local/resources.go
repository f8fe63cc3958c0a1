package main

import (
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"edgestream/infra/local/apigateway"
	"edgestream/infra/local/cloudfront"
	"edgestream/infra/local/functionurl"
	"edgestream/infra/local/lambda"
	"edgestream/infra/local/template"
)

// What the template describes, in the words of the package that stands for it.

func (r *runner) lambdaFunctions() []lambda.Function {
	var out []lambda.Function
	for _, f := range r.stack.Functions {
		env := map[string]string{}
		for name, value := range f.Environment {
			env[name] = r.names.rewrite(value)
		}
		out = append(out, lambda.Function{
			Name: f.Name, Concurrency: r.concurrency(f), Dir: f.CodeURI, Env: env, Timeout: time.Duration(f.TimeoutSeconds) * time.Second, MemoryMB: f.MemoryMB,
			ReservedConcurrency: f.ReservedConcurrency, MaximumRetryAttempts: &f.EventInvoke.MaximumRetryAttempts,
			MaximumEventAge: time.Duration(f.EventInvoke.MaximumEventAgeSeconds) * time.Second, OnFailure: f.EventInvoke.OnFailureARN,
		})
	}
	return out
}

// concurrency is the most instances of a function, 0 for the usual: a stream holds one while it
// lasts.
func (r *runner) concurrency(f template.Function) int {
	for _, u := range r.stack.FunctionURLs {
		if u.Function == f.Name && u.InvokeMode == functionurl.ResponseStream {
			return max(r.opts.streams, r.opts.concurrency)
		}
	}
	return 0
}

func apiOf(a template.WebSocketAPI) apigateway.API {
	routes := map[string]apigateway.Route{}
	for _, route := range a.Routes {
		routes[route.Key] = apigateway.Route{Function: route.Function}
	}
	return apigateway.API{ID: a.ID, Stage: a.Stage, RouteSelectionExpression: a.RouteSelectionExpression, Routes: routes}
}

func queueAttributes(q template.Queue) map[string]string {
	attributes := map[string]string{
		"VisibilityTimeout": fmt.Sprint(q.VisibilityTimeoutSeconds), "MessageRetentionPeriod": fmt.Sprint(q.RetentionSeconds),
		"DelaySeconds": fmt.Sprint(q.DelaySeconds), "ReceiveMessageWaitTimeSeconds": fmt.Sprint(q.ReceiveWaitSeconds),
	}
	if q.FIFO {
		attributes["FifoQueue"] = "true"
		attributes["ContentBasedDeduplication"] = fmt.Sprint(q.ContentBasedDeduplication)
		attributes["DeduplicationScope"], attributes["FifoThroughputLimit"] = q.DeduplicationScope, q.ThroughputLimit
	}
	if q.DeadLetterARN != "" {
		attributes["RedrivePolicy"] = fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`, q.DeadLetterARN, q.MaxReceiveCount)
	}
	return attributes
}

func distributionOf(d template.Distribution) (cloudfront.Distribution, error) {
	out := cloudfront.Distribution{ID: d.ID, DomainName: d.Domain, Origins: map[string]cloudfront.Origin{}, ErrorCachingMinTTL: map[int]time.Duration{}}
	for _, o := range d.Origins {
		out.Origins[o.ID] = cloudfront.Origin{DomainName: o.Domain, OriginPath: o.Path, ProtocolPolicy: o.ProtocolPolicy,
			CustomHeaders: o.Headers, ResponseTimeout: time.Duration(o.ReadTimeoutSeconds) * time.Second}
	}
	for _, e := range d.Errors {
		if e.ResponseCode != 0 {
			return out, fmt.Errorf("distribution %s: error page for %d: only caching times of errors are supported here", d.LogicalID, e.Code)
		}
		out.ErrorCachingMinTTL[e.Code] = time.Duration(e.CachingMinTTLSeconds) * time.Second
	}
	for _, b := range d.Behaviors {
		behavior, err := behaviorOf(b)
		if err != nil {
			return out, fmt.Errorf("distribution %s: %w", d.LogicalID, err)
		}
		out.Behaviors = append(out.Behaviors, behavior)
	}
	return out, nil
}

func behaviorOf(b template.Behavior) (cloudfront.Behavior, error) {
	out := cloudfront.Behavior{PathPattern: b.PathPattern, Origin: b.Origin, AllowedMethods: b.AllowedMethods,
		OriginRequestPolicy: b.OriginRequestPolicy, CachePolicy: b.CachePolicy, Compress: b.Compress}
	if b.ViewerResponse != nil {
		return out, fmt.Errorf("behaviour %s: viewer-response functions are not run here", b.PathPattern)
	}
	if b.ViewerRequest != nil {
		out.ViewerRequest = b.ViewerRequest.Code
	}
	return out, nil
}

// apiHandler tells the AWS APIs of one address apart by what their requests look like.
func (r *runner) apiHandler() http.Handler {
	urls, tables := r.functionURLs(), r.tablesHandler()
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch {
		case strings.HasPrefix(req.URL.Path, urlPrefix):
			urls.ServeHTTP(w, req)
		case strings.HasPrefix(req.Header.Get("X-Amz-Target"), "AmazonSQS."):
			r.queues.ServeHTTP(w, req)
		case strings.HasPrefix(req.URL.Path, "/2015-03-31/functions/"):
			r.functions.ServeHTTP(w, req)
		case strings.HasPrefix(req.URL.Path+"/", mappingsPath): // the AWS CLI leaves the last slash out
			r.mappings(w, req)
		case strings.HasPrefix(req.Header.Get("X-Amz-Target"), "DynamoDB"):
			tables.ServeHTTP(w, req) // so that one --endpoint-url is enough
		case r.sockets != nil:
			r.sockets.ServeHTTP(w, req)
		default:
			http.NotFound(w, req)
		}
	})
}

// tablesHandler is the embedded engine, or passes on to the one that is elsewhere: to DynamoDB Local, that
// is, as AWS does not take what was signed for another host.
func (r *runner) tablesHandler() http.Handler {
	if r.engine != nil {
		return r.engine
	}
	elsewhere, err := url.Parse(r.database.url)
	if err != nil {
		return http.NotFoundHandler()
	}
	return &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(elsewhere) }}
}
