package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"edgestream/functions/internal/awscall"
	engine "edgestream/infra/local/dynamodb"
)

// database is DynamoDB: the local engine, whose every request is an operation.
type database struct {
	*world
	engine *engine.Engine
	// tails are the streams of tables, and feed takes what is new in them.
	tails map[string]*tail
}

// tail is how far a table's stream has been read.
type tail struct {
	iterator string
	feed     func(raw json.RawMessage)
}

// keysOf are the tables and their keys.
var keysOf = map[string][]string{"Connections": {"pk", "sk"}, "Content": {"owner", "id"}, "Accounts": {"key"}, "History": {"topic", "id"}}

func newDatabase(w *world) *database {
	d := &database{world: w, engine: engine.New(engine.Options{TTLInterval: -1}), tails: map[string]*tail{}}
	for name, keys := range keysOf {
		var attributes, schema []map[string]string
		for i, key := range keys {
			attributes = append(attributes, map[string]string{"AttributeName": key, "AttributeType": "S"})
			schema = append(schema, map[string]string{"AttributeName": key, "KeyType": []string{"HASH", "RANGE"}[i]})
		}
		d.call("CreateTable", map[string]any{
			"TableName": name, "AttributeDefinitions": attributes, "KeySchema": schema, "BillingMode": "PAY_PER_REQUEST",
			"StreamSpecification": map[string]any{"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"},
		})
	}
	return d
}

// call makes a request that is none of an instance's, and cannot fail.
func (d *database) call(operation string, in any) (out map[string]json.RawMessage) {
	target, body := "DynamoDB_20120810.", &bytes.Buffer{}
	if strings.Contains(operation, "Stream") || strings.Contains(operation, "Shard") || operation == "GetRecords" {
		target = "DynamoDBStreams_20120810."
	}
	_ = json.NewEncoder(body).Encode(in) // it is plain
	r := httptest.NewRequest(http.MethodPost, "/", body)
	r.Header.Set("X-Amz-Target", target+operation)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=x, SignedHeaders=x, Signature=x")
	answer := httptest.NewRecorder()
	d.engine.ServeHTTP(answer, r)
	if answer.Code != http.StatusOK {
		panic(operation + ": " + answer.Body.String())
	}
	_ = json.Unmarshal(answer.Body.Bytes(), &out) // the engine writes JSON
	return out
}

// follow has all that is written to the table from now on fed.
func (d *database) follow(table string, feed func(json.RawMessage)) {
	word := func(raw json.RawMessage) (s string) { _ = json.Unmarshal(raw, &s); return s }
	var described struct {
		LatestStreamArn   string
		StreamDescription struct{ Shards []struct{ ShardId string } }
	}
	_ = json.Unmarshal(d.call("DescribeTable", map[string]any{"TableName": table})["Table"], &described)
	stream := d.call("DescribeStream", map[string]any{"StreamArn": described.LatestStreamArn})
	_ = json.Unmarshal(stream["StreamDescription"], &described.StreamDescription)
	d.tails[table] = &tail{feed: feed, iterator: word(d.call("GetShardIterator", map[string]any{
		"StreamArn": described.LatestStreamArn, "ShardId": described.StreamDescription.Shards[0].ShardId, "ShardIteratorType": "TRIM_HORIZON",
	})["ShardIterator"])}
	d.renew()
}

// drain feeds what has been written.
func (d *database) drain(table string) {
	t := d.tails[table]
	if t == nil {
		return
	}
	got := d.call("GetRecords", map[string]any{"ShardIterator": t.iterator})
	var records []json.RawMessage
	_ = json.Unmarshal(got["Records"], &records)
	_ = json.Unmarshal(got["NextShardIterator"], &t.iterator)
	for _, raw := range records {
		t.feed(raw)
	}
}

// renew keeps iterators from growing too old.
func (d *database) renew() {
	for table := range d.tails {
		d.drain(table)
	}
	d.after(10*time.Minute, d.renew)
}

// put writes a row of texts and flags.
func (d *database) put(table string, row map[string]any) {
	d.call("PutItem", map[string]any{"TableName": table, "Item": row})
	d.drain(table)
}

func text(s string) map[string]any { return map[string]any{"S": s} }

// scan is all of a table, each row with its texts and numbers.
func (d *database) scan(table string) (rows []map[string]string) {
	var all []map[string]struct{ S, N string }
	_ = json.Unmarshal(d.call("Scan", map[string]any{"TableName": table})["Items"], &all)
	for _, one := range all {
		row := map[string]string{}
		for name, v := range one {
			row[name] = v.S + v.N
		}
		rows = append(rows, row)
	}
	return rows
}

// requests are how an instance reaches the database.
type requests struct {
	*actor
	*database
}

// client is the instance's. What AWS's clients try again requests do, whose pauses are not random.
func (d *database) client(a *actor) *awscall.Client {
	return awscall.New(aws.Config{
		Region: "us-east-1", HTTPClient: requests{a, d},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	}, "dynamodb", "http://dynamodb.invalid").Once()
}

// Do implements aws.HTTPClient.
func (q requests) Do(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body) // of a buffer
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	o := q.operation(operation, string(body))
	for try := 1; ; try++ {
		var answer *http.Response
		o.effect = func() (err error) {
			answer, err = q.serve(operation, r.Header, body)
			return err
		}
		err := q.do(r.Context(), o)
		if err == nil || errors.Is(err, errRefused) {
			return answer, nil
		}
		if try == 4 || r.Context().Err() != nil || !sleepFor(r.Context(), q.jitter(50*time.Millisecond<<try)) {
			return nil, err
		}
	}
}

// errRefused is an answer whose status says what it is: a condition that failed.
var errRefused = errors.New("its condition failed")

// serve has a request done, and what it has written fed.
func (d *database) serve(operation string, header http.Header, body []byte) (*http.Response, error) {
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	r.Header = header
	recorder := httptest.NewRecorder()
	d.engine.ServeHTTP(recorder, r)
	if !isRead(operation) {
		for table := range d.tails {
			if bytes.Contains(body, []byte(`"`+table+`"`)) {
				d.drain(table)
			}
		}
	}
	if recorder.Code != http.StatusOK {
		return recorder.Result(), errRefused
	}
	return recorder.Result(), nil
}

func isRead(operation string) bool {
	return operation == "Query" || operation == "Scan" || strings.Contains(operation, "Get")
}

func sleepFor(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// operation is a request: what it is stands in its body's keys.
func (q requests) operation(name, body string) operation {
	table, kind := "Connections", stores
	for other, c := range map[string]class{"Content": appends, "Accounts": accountReads, "History": appends} {
		if strings.Contains(body, `"`+other+`"`) {
			table, kind = other, c
		}
	}
	if kind == appends && isRead(name) {
		kind = reads
	}
	keys := keysIn(body)
	if strings.HasPrefix(name, "Batch") { // in any order
		slices.Sort(keys)
	}
	m := mark{}
	for _, key := range keys {
		if id := connectionIn(key); id != "" {
			m.client = of(id).client
		}
	}
	if table == "Content" && len(keys) > 0 {
		m.owner = keys[0]
	}
	return operation{class: kind, alike: true, what: fmt.Sprintf("%s %s %s", name, table, strings.Join(keys, " ")), about: func() mark { return m }}
}

// keysIn are the texts of a request that are keys, but for what is random in them.
func keysIn(body string) (keys []string) {
	const begins = `":{"S":"`
	for {
		before, rest, ok := strings.Cut(body, begins)
		if !ok {
			return keys
		}
		value, after, _ := strings.Cut(rest, `"`)
		if name := before[strings.LastIndexByte(before, '"')+1:]; slices.Contains([]string{"pk", "sk", "owner", "id", "key", ":pk", ":owner", "topic"}, name) {
			if strings.HasPrefix(value, "event#") {
				value, _, _ = strings.Cut(value, "-")
			}
			keys = append(keys, value)
		}
		body = after
	}
}

// connectionIn is the connection that a key names; empty: none.
func connectionIn(key string) string {
	for _, part := range strings.Split(key, "#") {
		if name, n, ok := strings.Cut(part, "."); ok && strings.HasPrefix(name, "m") && n != "" && !strings.ContainsFunc(part[1:], notDigit) {
			return part
		}
	}
	return ""
}

func notDigit(r rune) bool { return r != '.' && (r < '0' || r > '9') }
