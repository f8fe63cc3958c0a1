package apigateway

import (
	"net/http"
	"strings"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	amzDate    = "20060102T150405Z"
	amzService = "execute-api"
)

// checkSignature checks the form of a Signature Version 4: that there is one, that it
// is complete, and that it is meant for this service and region. The key is unknown
// here, so the signature itself is not verified.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html
func checkSignature(r *http.Request, region string) *apiError {
	header := r.Header.Get("Authorization")
	if header == "" {
		return &errMissingToken
	}
	params, ok := strings.CutPrefix(header, algorithm+" ")
	credential, signed, signature := signatureParts(params)
	date := r.Header.Get("X-Amz-Date")
	if missing := missingParts(ok, credential, signed, signature, date); missing != "" {
		return incomplete(missing)
	}
	if _, err := time.Parse(amzDate, date); err != nil {
		return incomplete("Date must be in ISO-8601 'basic format'.")
	}
	if !signsHeader(signed, "host") {
		return incomplete("'Host' must be a 'SignedHeader' in the AWS Authorization.")
	}
	if problem := checkScope(credential, date, region); problem != "" {
		return invalidSignature(problem)
	}
	if !isHex(signature, 64) {
		return invalidSignature("The request signature we calculated does not match the signature you provided.")
	}
	return nil
}

func signatureParts(params string) (credential, signed, signature string) {
	for len(params) > 0 {
		var part string
		part, params, _ = strings.Cut(params, ",")
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			credential = value
		case "SignedHeaders":
			signed = value
		case "Signature":
			signature = value
		}
	}
	return credential, signed, signature
}

func missingParts(known bool, credential, signed, signature, date string) string {
	var missing []string
	if !known || credential == "" {
		missing = append(missing, "Authorization header requires 'Credential' parameter.")
	}
	if !known || signature == "" {
		missing = append(missing, "Authorization header requires 'Signature' parameter.")
	}
	if !known || signed == "" {
		missing = append(missing, "Authorization header requires 'SignedHeaders' parameter.")
	}
	if date == "" {
		missing = append(missing, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	}
	return strings.Join(missing, " ")
}

func signsHeader(signed, name string) bool {
	for len(signed) > 0 {
		var header string
		if header, signed, _ = strings.Cut(signed, ";"); header == name {
			return true
		}
	}
	return false
}

// checkScope reads KEY/DATE/REGION/SERVICE/aws4_request; a key may hold no slash.
func checkScope(credential, date, region string) string {
	key, rest, _ := strings.Cut(credential, "/")
	day, rest, _ := strings.Cut(rest, "/")
	where, rest, _ := strings.Cut(rest, "/")
	service, end, _ := strings.Cut(rest, "/")
	switch {
	case key == "" || end == "" || strings.Contains(end, "/"):
		return "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term."
	case end != "aws4_request":
		return "Credential should be scoped with a valid terminator: 'aws4_request'."
	case service != amzService:
		return "Credential should be scoped to correct service: '" + amzService + "'."
	case where == "" || region != "" && where != region:
		return "Credential should be scoped to a valid region."
	case !strings.HasPrefix(date, day) || len(day) != len("20060102"):
		return "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP."
	}
	return ""
}

func isHex(s string, length int) bool {
	if len(s) != length {
		return false
	}
	for i := range length {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func incomplete(message string) *apiError {
	return &apiError{http.StatusForbidden, "IncompleteSignatureException", message}
}

func invalidSignature(message string) *apiError {
	return &apiError{http.StatusForbidden, "InvalidSignatureException", message}
}
