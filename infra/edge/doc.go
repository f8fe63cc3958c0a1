// Package edge holds the tests of the edge: the CloudFront distribution of
// template.yaml with its viewer-request function, whose code stands inline there
// because `sam deploy` packages no file for it.
//
// The tests read the template as it is deployed, run the function's own code in a
// JavaScript engine, and send requests through the distribution's behaviours to an
// origin that tells what reached it.
package edge
