package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"edgestream/infra/local/dynamodb"
)

// meter is a DynamoDB endpoint that asks for the consumed capacity of every request and adds it
// up. Reads of streams cost a trigger nothing on AWS and are not counted.
type meter struct {
	engine *dynamodb.Engine
	// metered counts, direct does not: for the application's own writes.
	metered, direct *httptest.Server

	mu          sync.Mutex
	read, write float64
}

func newMeter() *meter {
	m := &meter{engine: dynamodb.New(dynamodb.Options{})}
	m.metered, m.direct = httptest.NewServer(m), httptest.NewServer(m.engine)
	return m
}

func (m *meter) close() {
	m.metered.Close()
	m.direct.Close()
	m.engine.Close()
}

// ServeHTTP passes a request on with ReturnConsumedCapacity added.
func (m *meter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	operation, counted := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "DynamoDB_20120810.")
	if !counted || !consumes(operation) {
		m.engine.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(withCapacity(body)))
	answer := httptest.NewRecorder()
	m.engine.ServeHTTP(answer, r)
	m.add(operation, answer.Body.Bytes())
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	w.Write(answer.Body.Bytes())
}

func consumes(operation string) bool {
	for _, part := range []string{"Item", "Query", "Scan"} {
		if strings.Contains(operation, part) {
			return true
		}
	}
	return false
}

func withCapacity(body []byte) []byte {
	var request map[string]json.RawMessage
	if json.Unmarshal(body, &request) != nil {
		return body
	}
	request["ReturnConsumedCapacity"] = json.RawMessage(`"TOTAL"`)
	out, err := json.Marshal(request)
	if err != nil {
		return body
	}
	return out
}

func (m *meter) add(operation string, answer []byte) {
	units := consumed(answer)
	m.mu.Lock()
	defer m.mu.Unlock()
	if strings.Contains(operation, "Get") || operation == "Query" || operation == "Scan" {
		m.read += units
	} else {
		m.write += units
	}
}

// consumed is the units that an answer names: for one table, or of a batch for each.
func consumed(answer []byte) float64 {
	type capacity struct{ CapacityUnits float64 }
	var one struct{ ConsumedCapacity capacity }
	if json.Unmarshal(answer, &one) == nil {
		return one.ConsumedCapacity.CapacityUnits
	}
	var many struct{ ConsumedCapacity []capacity }
	json.Unmarshal(answer, &many)
	total := 0.0
	for _, c := range many.ConsumedCapacity {
		total += c.CapacityUnits
	}
	return total
}

// units is what has been consumed so far.
func (m *meter) units() (read, write float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.read, m.write
}
