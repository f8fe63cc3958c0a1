// Package cloudfront is a CloudFront distribution on one machine: cache behaviors
// that choose an origin by path, viewer-request functions, and the way to the origin.
//
//	viewer ──▶ behavior by path ──▶ method ──▶ viewer-request function ──▶ origin
//	                                  403          │          503, 502      502, 504
//	                                               └──▶ a response of its own
//
// Functions run as cloudfront-js-2.0 does as far as viewer requests need it: the
// event's shape, which headers are hidden or read-only, the size of the source, no
// eval, no timers, no network. The built-in modules (require, import) are not here.
// Every request gets a fresh runtime: nothing that one request leaves behind can be
// seen by the next, and none is used by two goroutines.
//
// Nothing is cached: a behavior must use the CachingDisabled policy, or New refuses
// it. Error responses are not cached either; on AWS they are, for 10 seconds, unless
// the distribution sets ErrorCachingMinTTL to 0. CachedErrors lists where it does not.
//
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html
package cloudfront
