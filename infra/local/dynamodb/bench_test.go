package dynamodb

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"
)

// discard is a ResponseWriter that costs nothing.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }

// bench sends bodies made by body through ServeHTTP.
func bench(b *testing.B, e *Engine, target string, body func(i int) string) {
	header := http.Header{"X-Amz-Target": {target}, "Authorization": {authorization}}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		text := []byte(body(i))
		w := &discard{header: http.Header{}}
		e.ServeHTTP(w, &http.Request{Method: http.MethodPost, Header: header, ContentLength: int64(len(text)), Body: io.NopCloser(bytes.NewReader(text))})
		if w.status != http.StatusOK {
			b.Fatalf("%s was answered %d", text, w.status)
		}
	}
}

const benchItem = `{"p":{"S":"account#%d"},"s":{"N":"%d"},"kind":{"S":"status"},"home":{"SS":["1","2","3"]},"payload":{"S":"{\"id\":\"1\",\"content\":\"<p>Hello, this is a status of ordinary length, written by somebody.</p>\"}"}}`

func BenchmarkPutItem(b *testing.B) {
	e := newEngine(b, Options{TTLInterval: -1})
	do(b, e, "CreateTable", createMusic)
	bench(b, e, tableAPI+"PutItem", func(i int) string {
		return `{"TableName":"Music","Item":` + fmt.Sprintf(benchItem, i%100, i%10000) + `}`
	})
}

func BenchmarkUpdateItem(b *testing.B) {
	e := newEngine(b, Options{TTLInterval: -1})
	do(b, e, "CreateTable", createMusic)
	bench(b, e, tableAPI+"UpdateItem", func(i int) string {
		return fmt.Sprintf(`{"TableName":"Music","Key":{"p":{"S":"a"},"s":{"N":"%d"}},"UpdateExpression":"SET #c = if_not_exists(#c, :zero) + :one, seen = :one",
			"ConditionExpression":"attribute_not_exists(gone)","ExpressionAttributeNames":{"#c":"count"},"ExpressionAttributeValues":{":zero":{"N":"0"},":one":{"N":"1"}}}`, i%1000)
	})
}

func BenchmarkQuery(b *testing.B) {
	for _, rows := range []int{1, 100} {
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			e := newEngine(b, Options{TTLInterval: -1})
			do(b, e, "CreateTable", createMusic)
			for i := range 10000 {
				do(b, e, "PutItem", `{"TableName":"Music","Item":`+fmt.Sprintf(benchItem, i%10, i)+`}`)
			}
			bench(b, e, tableAPI+"Query", func(i int) string {
				return fmt.Sprintf(`{"TableName":"Music","ConsistentRead":true,"KeyConditionExpression":"p = :p AND s > :s","Limit":%d,
					"ExpressionAttributeValues":{":p":{"S":"account#%d"},":s":{"N":"%d"}}}`, rows, i%10, i%5000)
			})
		})
	}
}

func BenchmarkGetRecords(b *testing.B) {
	e := newEngine(b, Options{TTLInterval: -1})
	do(b, e, "CreateTable", createMusic)
	for i := range 1000 {
		do(b, e, "PutItem", `{"TableName":"Music","Item":`+fmt.Sprintf(benchItem, i%10, i)+`}`)
	}
	begin := iteratorAt(b, e, "TRIM_HORIZON")
	bench(b, e, streamAPI+"GetRecords", func(int) string { return `{"Limit":100,"ShardIterator":"` + begin + `"}` })
}
