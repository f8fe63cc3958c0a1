package cloudfront

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Managed policies, by the ids that a template names them with.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html
const (
	CachingDisabled           = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
	AllViewer                 = "216adef6-5c7f-47e4-b989-5492eafa07d3"
	AllViewerExceptHostHeader = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
)

// Distribution is what AWS::CloudFront::Distribution configures.
type Distribution struct {
	// ID and DomainName are what functions see of the distribution; both may be empty.
	ID, DomainName string
	// Origins by their id.
	Origins map[string]Origin
	// Behaviors are tried in order; the last is the default, with PathPattern "*".
	Behaviors []Behavior
	// ErrorCachingMinTTL by the origin's status, as CustomErrorResponses sets it.
	ErrorCachingMinTTL map[int]time.Duration
}

// Origin is where a behavior sends its requests.
type Origin struct {
	// DomainName is handed to Options.Resolve.
	DomainName string
	// OriginPath goes before every path: "" or "/prod", without a slash at the end.
	OriginPath string
	// ProtocolPolicy is "https-only", "http-only" or "match-viewer". It is not looked
	// at: what Resolve answers decides.
	ProtocolPolicy string
	// CustomHeaders are sent to the origin in place of the viewer's.
	CustomHeaders map[string]string
	// ResponseTimeout is how long the origin may be silent; 0 means Options.ResponseTimeout.
	ResponseTimeout time.Duration
}

// Behavior is a cache behavior.
type Behavior struct {
	// PathPattern may hold * (any characters) and ? (exactly one); case counts.
	PathPattern string
	// Origin is an id in Distribution.Origins.
	Origin string
	// AllowedMethods is GET and HEAD if empty; any other method is 403.
	AllowedMethods []string
	// ViewerRequest is the source of a CloudFront function, or empty.
	ViewerRequest string
	// OriginRequestPolicy is the id of AllViewer or AllViewerExceptHostHeader. Without
	// one the origin gets neither query nor cookies nor the viewer's headers.
	OriginRequestPolicy string
	// CachePolicy is the id of CachingDisabled, or empty.
	CachePolicy string
	// Compress has no effect: CloudFront compresses only what it may cache.
	Compress bool
}

// CachedErrors lists the error statuses that AWS would cache for a while, because the
// distribution does not set their ErrorCachingMinTTL to 0. They are not cached here.
func (d Distribution) CachedErrors() []int {
	var cached []int
	for _, status := range []int{404, 500, 502, 503, 504} {
		if ttl, ok := d.ErrorCachingMinTTL[status]; !ok || ttl > 0 {
			cached = append(cached, status)
		}
	}
	return cached
}

// validate says what CloudFront would refuse, and what is not emulated.
func (d Distribution) validate() error {
	if len(d.Behaviors) == 0 || d.Behaviors[len(d.Behaviors)-1].PathPattern != "*" {
		return fmt.Errorf("cloudfront: the last behavior must be the default, with path pattern %q", "*")
	}
	for id, origin := range d.Origins {
		if origin.OriginPath != "" && (!strings.HasPrefix(origin.OriginPath, "/") || strings.HasSuffix(origin.OriginPath, "/")) {
			return fmt.Errorf("cloudfront: origin %q: origin path %q must begin with a slash and not end with one", id, origin.OriginPath)
		}
	}
	for _, b := range d.Behaviors {
		if err := d.validateBehavior(b); err != nil {
			return fmt.Errorf("cloudfront: behavior %q: %w", b.PathPattern, err)
		}
	}
	return nil
}

func (d Distribution) validateBehavior(b Behavior) error {
	if b.PathPattern == "" {
		return fmt.Errorf("no path pattern")
	}
	if _, ok := d.Origins[b.Origin]; !ok {
		return fmt.Errorf("unknown origin %q", b.Origin)
	}
	if b.CachePolicy != "" && b.CachePolicy != CachingDisabled {
		return fmt.Errorf("cache policy %s is not emulated: use CachingDisabled (%s)", b.CachePolicy, CachingDisabled)
	}
	switch b.OriginRequestPolicy {
	case "", AllViewer, AllViewerExceptHostHeader:
	default:
		return fmt.Errorf("origin request policy %s is not emulated: use AllViewerExceptHostHeader (%s)", b.OriginRequestPolicy, AllViewerExceptHostHeader)
	}
	return validateMethods(b.AllowedMethods)
}

// CloudFront knows three sets of methods.
var methodSets = [][]string{
	{http.MethodGet, http.MethodHead},
	{http.MethodGet, http.MethodHead, http.MethodOptions},
	{http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPatch, http.MethodPost, http.MethodPut},
}

func validateMethods(methods []string) error {
	sorted := slices.Sorted(slices.Values(methods))
	for _, set := range methodSets {
		if len(methods) == 0 || slices.Equal(sorted, set) {
			return nil
		}
	}
	return fmt.Errorf("allowed methods %v: CloudFront allows GET and HEAD, those and OPTIONS, or all seven", methods)
}

func (b Behavior) allows(method string) bool {
	if len(b.AllowedMethods) == 0 {
		return method == http.MethodGet || method == http.MethodHead
	}
	return slices.Contains(b.AllowedMethods, method)
}
