package template

import "slices"

// distribution reads an AWS::CloudFront::Distribution.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-cloudfront-distribution-distributionconfig.html
func (o *object) distribution(res *resource) Distribution {
	o.ignore("Tags")
	d := Distribution{LogicalID: res.id, ID: res.id, Domain: distributionDomain(res.id)}
	c := o.child("DistributionConfig")
	if c == nil {
		o.failf(o.at, "DistributionConfig is missing")
		return d
	}
	c.ignore("Comment", "HttpVersion", "IPV6Enabled", "Logging", "PriceClass", "ViewerCertificate", "WebACLId")
	if !c.flag("Enabled", false) {
		c.failf(c.at, "Enabled must be true: a disabled distribution answers nobody")
	}
	d.Aliases = c.strings("Aliases")
	for _, origin := range c.children("Origins") {
		d.Origins = append(d.Origins, origin.origin())
	}
	for _, b := range c.children("CacheBehaviors") {
		d.Behaviors = append(d.Behaviors, b.behavior(b.required("PathPattern")))
	}
	if b := c.child("DefaultCacheBehavior"); b != nil {
		d.Behaviors = append(d.Behaviors, b.behavior("*"))
	} else {
		c.failf(c.at, "DefaultCacheBehavior is missing")
	}
	for _, e := range c.children("CustomErrorResponses") {
		d.Errors = append(d.Errors, e.errorResponse())
	}
	c.close()
	c.checkOrigins(d)
	return d
}

func (o *object) checkOrigins(d Distribution) {
	for _, b := range d.Behaviors {
		if !slices.ContainsFunc(d.Origins, func(origin Origin) bool { return origin.ID == b.Origin }) {
			o.failf(o.at, "behaviour %s: there is no origin %q", b.PathPattern, b.Origin)
		}
	}
}

func (o *object) origin() Origin {
	o.ignore("ConnectionAttempts", "ConnectionTimeout", "OriginShield")
	origin := Origin{
		ID: o.required("Id"), Domain: o.required("DomainName"), Path: o.str("OriginPath", ""),
		ProtocolPolicy: "https-only", ReadTimeoutSeconds: 30,
	}
	if c := o.child("CustomOriginConfig"); c != nil {
		c.ignore("HTTPPort", "HTTPSPort", "OriginSSLProtocols", "OriginKeepaliveTimeout", "IpAddressType")
		origin.ProtocolPolicy = c.oneOf("OriginProtocolPolicy", "", "http-only", "match-viewer", "https-only")
		origin.ReadTimeoutSeconds = c.integer("OriginReadTimeout", 30, 1, 180)
		c.close()
	} else {
		o.failf(o.at, "CustomOriginConfig is missing: other kinds of origin are not supported")
	}
	for _, h := range o.children("OriginCustomHeaders") {
		if origin.Headers == nil {
			origin.Headers = map[string]string{}
		}
		origin.Headers[h.required("HeaderName")] = h.required("HeaderValue")
		h.close()
	}
	o.close()
	return origin
}

func (o *object) behavior(pattern string) Behavior {
	o.ignore("PathPattern", "CachedMethods", "GrpcConfig", "RealtimeLogConfigArn")
	b := Behavior{
		PathPattern: pattern, Origin: o.required("TargetOriginId"),
		ViewerProtocolPolicy:  o.oneOf("ViewerProtocolPolicy", "", "allow-all", "redirect-to-https", "https-only"),
		AllowedMethods:        o.strings("AllowedMethods"),
		Compress:              o.flag("Compress", false),
		CachePolicy:           o.required("CachePolicyId"),
		OriginRequestPolicy:   o.str("OriginRequestPolicyId", ""),
		ResponseHeadersPolicy: o.str("ResponseHeadersPolicyId", ""),
	}
	if b.AllowedMethods == nil {
		b.AllowedMethods = []string{"GET", "HEAD"}
	}
	for _, a := range o.children("FunctionAssociations") {
		o.associate(&b, a)
	}
	o.close()
	return b
}

func (o *object) associate(b *Behavior, a *object) {
	f := a.edgeFunctionByARN(a.required("FunctionARN"))
	if a.oneOf("EventType", "", "viewer-request", "viewer-response") == "viewer-request" {
		b.ViewerRequest = f
	} else {
		b.ViewerResponse = f
	}
	a.close()
}

func (o *object) edgeFunctionByARN(arn string) *EdgeFunction {
	for _, res := range o.r.resources {
		if res.typ != edgeFunctionType {
			continue
		}
		if got, err := o.r.getAtt(res, "FunctionARN", o.at); err == nil && got == arn {
			f := newObject(o.r, o.err, res.properties, o.at)
			return f.edgeFunction(res)
		}
	}
	o.failf(o.at, "FunctionARN %q is no AWS::CloudFront::Function of this template", arn)
	return nil
}

// maxEdgeCode is CloudFront's limit on a function's code, in bytes.
const maxEdgeCode = 10 * 1024

// edgeFunction reads an AWS::CloudFront::Function.
func (o *object) edgeFunction(res *resource) *EdgeFunction {
	o.ignore("AutoPublish", "FunctionMetadata", "Tags")
	f := &EdgeFunction{LogicalID: res.id, Name: o.name(res), Code: o.required("FunctionCode")}
	if n := o.get("FunctionCode"); n != nil {
		f.Line = n.Line
	}
	if len(f.Code) > maxEdgeCode {
		o.failf(o.at, "FunctionCode has %d bytes; CloudFront takes %d", len(f.Code), maxEdgeCode)
	}
	c := o.child("FunctionConfig")
	if c == nil {
		o.failf(o.at, "FunctionConfig is missing")
		return f
	}
	c.ignore("Comment")
	f.Runtime = c.oneOf("Runtime", "", "cloudfront-js-1.0", "cloudfront-js-2.0")
	c.close()
	o.close()
	return f
}

func (o *object) errorResponse() ErrorResponse {
	e := ErrorResponse{
		Code:                 o.integer("ErrorCode", 0, 400, 599),
		CachingMinTTLSeconds: o.integer("ErrorCachingMinTTL", 10, 0, 31536000),
		ResponseCode:         o.integer("ResponseCode", 0, 200, 599),
		ResponsePath:         o.str("ResponsePagePath", ""),
	}
	o.close()
	return e
}
