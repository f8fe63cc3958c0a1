package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// last is the last part of an ARN: the name. Reports of asynchronous invocations have one more part.
func last(arn string) string {
	arn = strings.TrimSuffix(arn, ":$LATEST")
	return arn[strings.LastIndexByte(arn, ':')+1:]
}

// reader is the function that reads a stream, or a queue.
// https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html
func (a *account) reader(ctx context.Context, source string) (string, error) {
	answer, _, err := a.send(ctx, lambdaAPI, http.MethodGet, "/2015-03-31/event-source-mappings/?EventSourceArn="+url.QueryEscape(source), http.Header{}, nil)
	if err != nil {
		return "", fmt.Errorf("ListEventSourceMappings: %w", err)
	}
	var list struct {
		EventSourceMappings []struct{ FunctionArn string }
	}
	if err := json.Unmarshal(answer, &list); err != nil {
		return "", fmt.Errorf("ListEventSourceMappings: %w", err)
	}
	switch len(list.EventSourceMappings) {
	case 0:
		return "", errors.New("no function reads " + source + ": say --function")
	case 1:
		return list.EventSourceMappings[0].FunctionArn, nil
	}
	return "", errors.New("several functions read " + source + ": say --function")
}

// invoke gives the records to the function, as an event source mapping does, and waits.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
func (a *account) invoke(ctx context.Context, function string, records []json.RawMessage) error {
	body, err := json.Marshal(map[string]any{"Records": records})
	if err != nil {
		return err
	}
	answer, header, err := a.send(ctx, lambdaAPI, http.MethodPost, "/2015-03-31/functions/"+url.PathEscape(function)+"/invocations",
		http.Header{"Content-Type": {"application/json"}}, body)
	if err != nil {
		return fmt.Errorf("invoking %s: %w", last(function), err)
	}
	var result struct {
		ErrorMessage string `json:"errorMessage"`
		Failures     []any  `json:"batchItemFailures"`
	}
	_ = json.Unmarshal(answer, &result) // a function may answer anything
	switch {
	case header.Get("X-Amz-Function-Error") != "":
		return fmt.Errorf("%s has failed: %s", last(function), result.ErrorMessage)
	case len(result.Failures) > 0:
		return fmt.Errorf("%s has failed %d of %d records; its log says why", last(function), len(result.Failures), len(records))
	}
	return nil
}
