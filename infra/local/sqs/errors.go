package sqs

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// Error is an answer that SDKs know: Type is the name of the error in the JSON
// protocol, Code the one in the old query protocol, which SDKs still show.
type Error struct {
	Status  int
	Type    string // without the namespace
	Code    string
	Message string

	namespace string
}

// Error is the bare type and the message.
func (e *Error) Error() string { return e.Type + ": " + e.Message }

const (
	sqsNamespace   = "com.amazonaws.sqs#"
	coralNamespace = "com.amazon.coral.service#"
	oldPrefix      = "AWS.SimpleQueueService."
)

// fault is an error of the SQS model; code is its query protocol name.
func fault(name, code, format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Type: name, Code: code, Message: fmt.Sprintf(format, args...), namespace: sqsNamespace}
}

// general is an error that all AWS services share.
func general(status int, name, code, format string, args ...any) *Error {
	return &Error{Status: status, Type: name, Code: code, Message: fmt.Sprintf(format, args...), namespace: coralNamespace}
}

func invalid(format string, args ...any) *Error {
	return general(http.StatusBadRequest, "InvalidParameterValueException", "InvalidParameterValue", format, args...)
}

func missing(name string) *Error {
	return general(http.StatusBadRequest, "MissingRequiredParameterException", "MissingParameter", "The request must contain the parameter %s.", name)
}

func invalidAttribute(name string) *Error {
	return fault("InvalidAttributeName", "InvalidAttributeName", "Unknown Attribute %s.", name)
}

func invalidAttributeValue(name string) *Error {
	return fault("InvalidAttributeValue", "InvalidAttributeValue", "Invalid value for the parameter %s.", name)
}

func unsupported(format string, args ...any) *Error {
	return fault("UnsupportedOperation", oldPrefix+"UnsupportedOperation", format, args...)
}

var (
	errNoQueue     = fault("QueueDoesNotExist", oldPrefix+"NonExistentQueue", "The specified queue does not exist.")
	errQueueExists = fault("QueueNameExists", "QueueAlreadyExists", "A queue already exists with the same name and a different value for an attribute.")
	errNotInFlight = fault("MessageNotInflight", oldPrefix+"MessageNotInflight", "The message is not in flight.")
	errBadHandle   = fault("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
	errOldHandle   = invalid("Value for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.")
)

// writeError answers with an error. What is no *Error is a fault of this
// package; its text stays in the log.
func (s *Service) writeError(w http.ResponseWriter, action string, err error) {
	var e *Error
	fault := "Sender"
	if !errors.As(err, &e) {
		s.log.Error("an SQS request failed", "action", action, "error", err)
		e = general(http.StatusInternalServerError, "InternalFailure", "InternalFailure", "The request failed.")
		fault = "Receiver"
	}
	body, _ := json.Marshal(map[string]string{"__type": e.namespace + e.Type, "message": e.Message})
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("x-amzn-query-error", e.Code+";"+fault)
	w.WriteHeader(e.Status)
	w.Write(body)
}
