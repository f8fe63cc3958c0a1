// Pieces answers in a stream, one piece for each file that appears.
package main

import (
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambdaurl"
)

func main() {
	lambdaurl.Start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		w.Header().Set("Content-Type", "text/event-stream")
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "1"})
		http.SetCookie(w, &http.Cookie{Name: "b", Value: "2"})
		w.WriteHeader(http.StatusTeapot)
		for n, file := range query["await"] {
			fmt.Fprintf(w, "piece %d\n", n)
			for !exists(file) {
				time.Sleep(time.Millisecond)
			}
		}
		if query.Has("exit") {
			os.Exit(3)
		}
		if query.Has("panic") {
			panic("in the middle")
		}
		fmt.Fprint(w, "end")
		if done := query.Get("done"); done != "" {
			_ = os.WriteFile(done, nil, 0o600)
		}
	}))
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
