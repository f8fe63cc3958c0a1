package eventsource

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// outcome is what a function said of a batch.
type outcome struct {
	ok     bool
	failed []string // identifiers that the function reported; empty: all
	reason string   // for the log
}

// readOutcome judges an invocation. Partial failures are read only when the
// mapping asks for them: https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html.
func readOutcome(payload []byte, functionError string, partial bool) outcome {
	if functionError != "" {
		return outcome{reason: "the function failed: " + functionError}
	}
	if !partial {
		return outcome{ok: true}
	}
	ids, err := itemFailures(payload)
	if err != nil {
		return outcome{reason: err.Error()}
	}
	if len(ids) == 0 {
		return outcome{ok: true}
	}
	return outcome{failed: ids, reason: fmt.Sprintf("the function reported %d failed items", len(ids))}
}

// itemFailures returns the reported identifiers. No response, null, an empty
// object or list, and a null or empty list of failures report none. An
// identifier that is missing, empty or no string is an error, and so is a
// response that cannot be read: AWS then takes the whole batch as failed.
func itemFailures(payload []byte) ([]string, error) {
	payload = bytes.TrimSpace(payload)
	if len(payload) == 0 || string(payload) == "null" || string(payload) == "[]" {
		return nil, nil
	}
	var response struct {
		BatchItemFailures []map[string]any `json:"batchItemFailures"`
	}
	if err := json.Unmarshal(payload, &response); err != nil {
		return nil, fmt.Errorf("the response is not of the form {\"batchItemFailures\":[{\"itemIdentifier\":\"...\"}]}: %w", err)
	}
	ids := make([]string, 0, len(response.BatchItemFailures))
	for _, failure := range response.BatchItemFailures {
		id, ok := failure["itemIdentifier"].(string)
		if !ok || id == "" {
			return nil, fmt.Errorf("batchItemFailures has an entry without an itemIdentifier")
		}
		ids = append(ids, id)
	}
	return ids, nil
}
