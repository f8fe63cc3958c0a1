package main

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
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

	mu   sync.Mutex
	used consumption
}

func newMeter() *meter {
	m := &meter{engine: dynamodb.New(dynamodb.Options{}), used: consumption{}}
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
	request := call{operation: operation}
	r.Body = io.NopCloser(bytes.NewReader(request.read(body)))
	answer := httptest.NewRecorder()
	m.engine.ServeHTTP(answer, r)
	m.add(request, answer.Body.Bytes())
	maps.Copy(w.Header(), answer.Header())
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

// call is a request as far as its price depends on it.
type call struct {
	operation      string
	TableName      string
	ConsistentRead bool
}

// read learns what a request's body says, and returns it with ReturnConsumedCapacity.
func (c *call) read(body []byte) []byte {
	var request map[string]json.RawMessage
	if json.Unmarshal(body, c) != nil || json.Unmarshal(body, &request) != nil {
		return body
	}
	request["ReturnConsumedCapacity"] = json.RawMessage(`"TOTAL"`)
	out, err := json.Marshal(request)
	if err != nil {
		return body
	}
	return out
}

// add counts what an answer names. A write whose condition did not hold costs what the item that is
// there does, which the answer does not say: a unit.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html#WorkingWithItems.ConditionalUpdate
func (m *meter) add(c call, answer []byte) {
	consumed := capacities(answer)
	if bytes.Contains(answer, []byte("#ConditionalCheckFailedException\"")) {
		consumed = append(consumed, capacity{c.TableName, 1})
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, units := range consumed {
		m.used.add(use{c.operation, units.TableName, c.ConsistentRead}, units.CapacityUnits)
	}
}

type capacity struct {
	TableName     string
	CapacityUnits float64
}

// capacities are those that an answer names: of one table, or of a batch those of each. The rest of
// the answer, which may be long, is not parsed: a string cannot hold the member's name, since its
// quotes would be escaped.
func capacities(answer []byte) []capacity {
	name := []byte(`"ConsumedCapacity":`)
	at := bytes.LastIndex(answer, name)
	if at < 0 {
		return nil
	}
	var value json.RawMessage
	if json.NewDecoder(bytes.NewReader(answer[at+len(name):])).Decode(&value) != nil {
		return nil
	}
	var one capacity
	if json.Unmarshal(value, &one) == nil {
		return []capacity{one}
	}
	var many []capacity
	if json.Unmarshal(value, &many) != nil {
		return nil
	}
	return many
}

// usage is what has been consumed so far.
func (m *meter) usage() consumption {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.used)
}
