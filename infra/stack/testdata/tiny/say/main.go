// Command say speaks the Lambda runtime API with nothing but the standard library. It accepts
// every connection and answers what it is asked to in the event.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
)

// version is changed by a test while the function runs.
const version = "one"

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
		answer, err := http.Post(base+id+"/response", "application/json", bytes.NewReader(handle(event)))
		if err != nil {
			return
		}
		answer.Body.Close()
	}
}

// handle writes a line that a test can look for.
func handle(event []byte) []byte {
	var e struct {
		RequestContext struct{ RouteKey string }
		Body           string
	}
	_ = json.Unmarshal(event, &e)
	fmt.Printf("%s %s %s %s\n", os.Getenv("WHO"), version, e.RequestContext.RouteKey, e.Body)
	return []byte(`{"statusCode":200}`)
}
