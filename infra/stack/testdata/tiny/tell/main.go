// Command tell speaks the Lambda runtime API with nothing but the standard library. It answers
// with a stream: the path that it was asked for, and, once the file named by the query is there,
// an end.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

func main() {
	base := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	for {
		next, err := http.Get(base + "next")
		if err != nil {
			return
		}
		event, _ := io.ReadAll(next.Body)
		next.Body.Close()
		id := next.Header.Get("Lambda-Runtime-Aws-Request-Id")
		body, pieces := io.Pipe()
		go tell(pieces, event)
		answer, err := http.Post(base+id+"/response", "application/vnd.awslambda.http-integration-response", body)
		if err != nil {
			return
		}
		answer.Body.Close()
	}
}

func tell(w *io.PipeWriter, event []byte) {
	defer w.Close()
	var e struct {
		RawPath               string
		QueryStringParameters struct{ Until string }
		RequestContext        struct{ DomainName string }
	}
	_ = json.Unmarshal(event, &e)
	io.WriteString(w, `{"statusCode":200,"headers":{"Content-Type":"text/event-stream"}}`+"\x00\x00\x00\x00\x00\x00\x00\x00")
	fmt.Fprintf(w, "data: %s %s\n\n", e.RequestContext.DomainName, e.RawPath)
	for until := e.QueryStringParameters.Until; until != ""; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(until); err == nil {
			break
		}
	}
	io.WriteString(w, "data: end\n\n")
}
