package apigateway

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// apiError is an error answer. Its type travels in X-Amzn-ErrorType: an SDK makes its
// typed errors of that header, not of the status.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-control-access-iam.html
type apiError struct {
	status  int
	name    string
	message string
}

var (
	errForbidden    = apiError{http.StatusForbidden, "ForbiddenException", "Forbidden"}
	errMissingToken = apiError{http.StatusForbidden, "MissingAuthenticationTokenException", "Missing Authentication Token"}
	errGone         = apiError{http.StatusGone, "GoneException", "Gone"}
	errTooLarge     = apiError{http.StatusRequestEntityTooLarge, "PayloadTooLargeException", "Payload too large"}
	errLimit        = apiError{http.StatusTooManyRequests, "LimitExceededException", "Limit exceeded"}
	errInternal     = apiError{http.StatusInternalServerError, "InternalServerErrorException", "Internal server error"}

	errUpgradeRequired = apiError{http.StatusUpgradeRequired, "UpgradeRequiredException", "Upgrade Required"}
	errBadHandshake    = apiError{http.StatusBadRequest, "BadRequestException", "Bad Request"}
	errShuttingDown    = apiError{http.StatusServiceUnavailable, "ServiceUnavailableException", "Service Unavailable"}
)

func invalidConnectionID(id string) apiError {
	return apiError{http.StatusBadRequest, "BadRequestException", "Invalid connectionId: " + id}
}

func (s *Server) fail(w http.ResponseWriter, e apiError) {
	body, err := json.Marshal(map[string]string{"message": e.message})
	if err != nil { // a map of strings always encodes
		body = nil
	}
	h := w.Header()
	s.requestID(w)
	h["X-Amzn-Errortype"] = []string{e.name}
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if e.status == http.StatusUpgradeRequired {
		h.Set("Upgrade", "websocket")
		h.Set("Sec-WebSocket-Version", "13")
	}
	w.WriteHeader(e.status)
	_, _ = w.Write(body)
}
