package dynamodb

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"edgestream/infra/local/dynamodb/attribute"
	"edgestream/infra/local/dynamodb/expression"
)

// Namespaces that AWS puts before the name of an error.
const (
	serviceErrors  = "com.amazonaws.dynamodb.v20120810#"
	validateErrors = "com.amazon.coral.validate#"
	coralErrors    = "com.amazon.coral.service#"
)

// apiError is an error as a client sees it. The name travels in __type.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
type apiError struct {
	status  int
	name    string
	message string
	extra   object // further members of the body
}

func (e *apiError) Error() string { return e.name + ": " + e.message }

func (e *apiError) body() object {
	return append(object{{"__type", e.name}, {"message", e.message}}, e.extra...)
}

func invalid(format string, args ...any) error {
	return &apiError{http.StatusBadRequest, validateErrors + "ValidationException", fmt.Sprintf(format, args...), nil}
}

// invalidValues is how most complaints about the content of a parameter begin.
func invalidValues(format string, args ...any) error {
	return invalid("One or more parameter values were invalid: "+format, args...)
}

func failure(name, format string, args ...any) *apiError {
	return &apiError{http.StatusBadRequest, serviceErrors + name, fmt.Sprintf(format, args...), nil}
}

func malformed(format string, args ...any) error {
	return &apiError{http.StatusBadRequest, coralErrors + "SerializationException", fmt.Sprintf(format, args...), nil}
}

func conditionFailed(item attribute.Item) *apiError {
	err := failure("ConditionalCheckFailedException", "The conditional request failed")
	if item != nil {
		err.extra = object{{"Item", item}}
	}
	return err
}

func tableNotFound(name string) error {
	return failure("ResourceNotFoundException", "Requested resource not found: Table: %s not found", name)
}

func isType[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

// toAPIError gives every error the form in which it leaves the engine.
func toAPIError(err error) *apiError {
	if known, ok := errors.AsType[*apiError](err); ok {
		return known
	}
	shaped := malformed("%s", err)
	switch {
	case attribute.IsInvalid(err) || isType[expression.Error](err):
		shaped = invalid("%s", err)
	case isType[*json.UnmarshalTypeError](err):
		shaped = malformed("%s", describeMismatch(err))
	}
	return shaped.(*apiError)
}

// describeMismatch words a value of the wrong JSON type as AWS does, with the parameter's name added.
func describeMismatch(err error) string {
	mismatch, _ := errors.AsType[*json.UnmarshalTypeError](err)
	value, _, _ := strings.Cut(mismatch.Value, " ") // "number 1.5" and the like
	parameter := mismatch.Field[strings.LastIndexByte(mismatch.Field, '.')+1:]
	switch value {
	case "object":
		return "Start of structure or map found where not expected. Parameter: " + parameter
	case "array":
		return "Start of list found where not expected. Parameter: " + parameter
	}
	return fmt.Sprintf("%s_VALUE cannot be converted. Parameter: %s", strings.ToUpper(value), parameter)
}
