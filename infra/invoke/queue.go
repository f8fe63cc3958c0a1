package main

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// message is what a queue is sent.
type message struct {
	MessageBody  string
	DelaySeconds int
}

// send is SendMessage, and SendMessageBatch, which takes several and which IAM knows as the former.
func (r *recorder) send(w http.ResponseWriter, key string, body []byte) {
	var request struct {
		QueueURL string
		message
		Entries []message
	}
	if err := json.Unmarshal(body, &request); err != nil {
		http.Error(w, `{"__type":"com.amazonaws.sqs#InvalidMessageContents"}`, http.StatusBadRequest)
		return
	}
	queue := name(request.QueueURL)
	r.use(key, "sqs:SendMessage "+queue)
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	answer := `{"Successful":[],"Failed":[]}`
	if request.Entries == nil {
		request.Entries, answer = []message{request.message}, `{"MessageId":"00000000-0000-0000-0000-000000000000"}`
	}
	for _, m := range request.Entries {
		r.keep(key, call{To: "send", Target: queue, Body: decoded([]byte(m.MessageBody)), Delay: m.DelaySeconds})
	}
	fmt.Fprint(w, answer)
}
