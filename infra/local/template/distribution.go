package template

// Distribution is an AWS::CloudFront::Distribution.
type Distribution struct {
	LogicalID string
	// ID is what !Ref answers, Domain what !GetAtt X.DomainName does.
	ID, Domain string
	Aliases    []string
	Origins    []Origin
	// Behaviors are in order of precedence; the last one is the default
	// behaviour, with PathPattern "*".
	Behaviors []Behavior
	Errors    []ErrorResponse
}

// Origin is one server behind a distribution.
type Origin struct {
	ID string
	// Domain is the host that requests go to. Path is put before the request's
	// own, such as /prod, or empty.
	Domain, Path string
	// ProtocolPolicy is http-only, match-viewer or https-only.
	ProtocolPolicy string
	// ReadTimeoutSeconds is how long the origin may stay silent, by default 30.
	ReadTimeoutSeconds int
	// Headers are added to each request to the origin.
	Headers map[string]string
}

// Behavior says what happens to the requests whose path matches.
type Behavior struct {
	// PathPattern is as written; * matches any characters, ? exactly one.
	PathPattern string
	// Origin is an [Origin.ID].
	Origin string
	// ViewerProtocolPolicy is allow-all, redirect-to-https or https-only.
	ViewerProtocolPolicy string
	AllowedMethods       []string
	Compress             bool
	// The policies' ids: as written for managed ones, logical ids for the
	// template's own.
	CachePolicy, OriginRequestPolicy, ResponseHeadersPolicy string
	// ViewerRequest and ViewerResponse are nil where nothing is associated.
	ViewerRequest, ViewerResponse *EdgeFunction
}

// EdgeFunction is an AWS::CloudFront::Function with its code.
type EdgeFunction struct {
	LogicalID, Name string
	// Runtime is cloudfront-js-1.0 or cloudfront-js-2.0.
	Runtime string
	// Code is JavaScript that defines handler(event); Line is where it stands
	// in the template.
	Code string
	Line int
}

// ErrorResponse is one of CustomErrorResponses.
type ErrorResponse struct {
	Code int
	// CachingMinTTLSeconds is how long the error is kept, by default 10.
	CachingMinTTLSeconds int
	// ResponseCode is 0 and ResponsePath empty where the origin's own answer
	// is passed on.
	ResponseCode int
	ResponsePath string
}
