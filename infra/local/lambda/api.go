package lambda

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

// newAPI is the Invoke action of Lambda's API, enough for "aws lambda invoke --endpoint-url"
// and the SDKs. See https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html.
func (s *Service) newAPI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /2015-03-31/functions/{name}/invocations", s.serveInvoke)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		writeError(w, apiError{http.StatusNotFound, "UnknownOperationException", "only Invoke is supported"})
	})
	return mux
}

// ServeHTTP answers Lambda's Invoke API. A request must be signed with Signature Version 4; the
// form of the signature is checked, not its value.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.api.ServeHTTP(w, r) }

// apiError is an error of Lambda's API. Its kind travels in X-Amzn-ErrorType.
type apiError struct {
	status        int
	kind, message string
}

func (e apiError) Error() string { return e.kind + ": " + e.message }

func (s *Service) serveInvoke(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Amzn-RequestId", newRequestID())
	if err := s.invokeHTTP(w, r); err != nil {
		writeError(w, s.translate(err))
	}
}

func (s *Service) invokeHTTP(w http.ResponseWriter, r *http.Request) error {
	if err := CheckSignature(r.Header); err != nil {
		return err
	}
	name, err := s.resolve(r.PathValue("name"), r.URL.Query().Get("Qualifier"))
	if err != nil {
		return err
	}
	switch kind := r.Header.Get("X-Amz-Invocation-Type"); kind {
	case "", "RequestResponse":
		return s.serveSync(w, r, name)
	case "Event":
		return s.serveEvent(w, r, name)
	case "DryRun":
		w.WriteHeader(http.StatusNoContent)
		return nil
	default:
		return apiError{http.StatusBadRequest, "InvalidParameterValueException",
			"X-Amz-Invocation-Type must be RequestResponse, Event or DryRun, not " + kind}
	}
}

func (s *Service) serveSync(w http.ResponseWriter, r *http.Request, name string) error {
	event, err := readEvent(r, MaxSyncPayload)
	if err != nil {
		return err
	}
	inv := newInvocation(event)
	inv.clientContext = clientContext(r)
	result, err := s.pools[name].invoke(r.Context(), inv)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Amzn-RequestId", result.RequestID)
	h.Set("X-Amzn-Trace-Id", inv.trace)
	h.Set("X-Amz-Executed-Version", "$LATEST")
	if result.FunctionError != "" {
		h.Set("X-Amz-Function-Error", result.FunctionError)
	}
	if r.Header.Get("X-Amz-Log-Type") == "Tail" {
		h.Set("X-Amz-Log-Result", base64.StdEncoding.EncodeToString(result.LogTail))
	}
	_, _ = w.Write(result.Payload) // a caller that has gone needs no answer
	return nil
}

func (s *Service) serveEvent(w http.ResponseWriter, r *http.Request, name string) error {
	event, err := readEvent(r, MaxAsyncPayload)
	if err != nil {
		return err
	}
	id, err := s.enqueue(name, &asyncEvent{payload: event, clientContext: clientContext(r)})
	if err != nil {
		return err
	}
	w.Header().Set("X-Amzn-RequestId", id)
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// readEvent returns the request's body, "{}" if it has none. It must be JSON.
func readEvent(r *http.Request, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	switch {
	case err != nil:
		return nil, apiError{http.StatusBadRequest, "InvalidRequestContentException", "The request body could not be read."}
	case int64(len(body)) > limit:
		_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 10*limit)) // so that the client reads its answer
		return nil, tooLargeRequest(limit)
	case len(body) == 0:
		return []byte("{}"), nil
	case !json.Valid(body):
		return nil, apiError{http.StatusBadRequest, "InvalidRequestContentException", "Could not parse request body into json."}
	}
	return body, nil
}

// clientContext is what the caller passes to the function beside the event, or "".
func clientContext(r *http.Request) string {
	text, err := base64.StdEncoding.DecodeString(r.Header.Get("X-Amz-Client-Context"))
	if err != nil || !json.Valid(text) || strings.ContainsAny(string(text), "\r\n") {
		return ""
	}
	return string(text)
}

// resolve returns the function that a name, a partial or a full ARN means.
func (s *Service) resolve(reference, qualifier string) (string, error) {
	name := strings.TrimPrefix(reference, s.ARN(""))
	name = strings.TrimPrefix(name, s.opts.AccountID+":function:")
	if bare, q, found := strings.Cut(name, ":"); found && qualifier == "" {
		name, qualifier = bare, q
	}
	if s.pools[name] == nil || (qualifier != "" && qualifier != "$LATEST") {
		if !strings.HasPrefix(reference, "arn:") {
			reference = s.ARN(reference)
		}
		return "", apiError{http.StatusNotFound, "ResourceNotFoundException", "Function not found: " + reference}
	}
	return name, nil
}

// translate is the one place where errors become those of Lambda's API.
func (s *Service) translate(err error) apiError {
	var e apiError
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, ErrNotFound):
		return apiError{http.StatusNotFound, "ResourceNotFoundException", err.Error()}
	case errors.Is(err, ErrThrottled):
		return apiError{http.StatusTooManyRequests, "TooManyRequestsException", "Rate Exceeded."}
	case errors.Is(err, ErrNotBuilt):
		return apiError{http.StatusConflict, "ResourceConflictException",
			"The operation cannot be performed at this time. The function is currently in the following state: Pending"}
	}
	s.opts.Logger.Error("invocation failed", "error", err)
	return apiError{http.StatusInternalServerError, "ServiceException", "The service is shutting down."}
}

func writeError(w http.ResponseWriter, e apiError) {
	body := map[string]string{"Type": "User", "message": e.message}
	switch e.kind {
	case "ResourceNotFoundException", "ServiceException": // whose member is spelt so
		body = map[string]string{"Type": "User", "Message": e.message}
	case "TooManyRequestsException":
		body["Reason"] = "ReservedFunctionConcurrentInvocationLimitExceeded"
	}
	text, err := json.Marshal(body)
	if err != nil { // strings always encode
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-ErrorType", e.kind)
	w.WriteHeader(e.status)
	_, _ = w.Write(text)
}
