package main

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"

	"edgestream/infra/local/lambda"
)

// mappingsPath is that of Lambda's calls about event source mappings.
const mappingsPath = "/2015-03-31/event-source-mappings/"

// eventSourceMapping is a mapping as Lambda describes it.
type eventSourceMapping struct {
	UUID           string
	EventSourceArn string
	FunctionArn    string
	BatchSize      int
	State          string
}

// mappings answers ListEventSourceMappings, by which a program learns which function reads a stream
// or a queue. https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html
func (r *runner) mappings(w http.ResponseWriter, req *http.Request) {
	if err := lambda.CheckSignature(req.Header); err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	if req.Method != http.MethodGet {
		http.Error(w, "mappings can only be listed", http.StatusNotFound)
		return
	}
	source, function := req.URL.Query().Get("EventSourceArn"), req.URL.Query().Get("FunctionName")
	found := []eventSourceMapping{}
	for _, m := range r.allMappings(req.Context()) {
		if cmp.Or(source, m.EventSourceArn) == m.EventSourceArn && cmp.Or(function, r.functionOf(m)) == r.functionOf(m) {
			found = append(found, m)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"EventSourceMappings": found})
}

func (r *runner) allMappings(ctx context.Context) (all []eventSourceMapping) {
	state := map[bool]string{true: "Enabled", false: "Disabled"}
	for _, m := range r.stack.Streams {
		arn := r.streamMapping(m).StreamArn
		if table, ok := unlabelled(arn); ok {
			real, _ := r.database.streamOf(ctx, table) // of what is not there yet, the ARN that there is
			arn = cmp.Or(real, arn)
		}
		all = append(all, eventSourceMapping{m.LogicalID, arn, r.functionARN(m.Function), m.BatchSize, state[m.Enabled]})
	}
	for _, m := range r.stack.QueueMappings {
		all = append(all, eventSourceMapping{m.LogicalID, m.QueueARN, r.functionARN(m.Function), m.BatchSize, state[m.Enabled]})
	}
	return all
}

func (r *runner) functionARN(name string) string {
	return "arn:aws:lambda:" + r.stack.Region + ":" + r.stack.AccountID + ":function:" + name
}

// functionOf is the name of the mapping's function.
func (r *runner) functionOf(m eventSourceMapping) string {
	return m.FunctionArn[len(r.functionARN("")):]
}
