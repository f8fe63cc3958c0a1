package lambda

import (
	"fmt"
	"net/http"
	"regexp"
	"time"
)

// signatureV4 is the form of an Authorization header for this service.
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html.
var signatureV4 = regexp.MustCompile(
	`^AWS4-HMAC-SHA256 Credential=[^/ ,]+/\d{8}/[a-z0-9-]+/lambda/aws4_request, ?` +
		`SignedHeaders=[a-z0-9;-]+, ?Signature=[0-9a-f]{64}$`)

// CheckSignature refuses a request that AWS could not even begin to verify: one without an
// Authorization header in the form of Signature Version 4, or without its date.
func CheckSignature(h http.Header) error {
	authorization := h.Get("Authorization")
	if authorization == "" {
		return apiError{http.StatusForbidden, "MissingAuthenticationTokenException", "Missing Authentication Token"}
	}
	if !signatureV4.MatchString(authorization) {
		return apiError{http.StatusForbidden, "IncompleteSignatureException",
			"Authorization header is not a Signature Version 4 for the service lambda"}
	}
	if _, err := time.Parse("20060102T150405Z", h.Get("X-Amz-Date")); err != nil {
		return apiError{http.StatusForbidden, "IncompleteSignatureException",
			"X-Amz-Date is missing or not of the form 20060102T150405Z"}
	}
	return nil
}

func tooLargeRequest(limit int64) error {
	return apiError{http.StatusRequestEntityTooLarge, "RequestTooLargeException",
		fmt.Sprintf("Request must be smaller than %d bytes for the InvokeFunction operation", limit)}
}
