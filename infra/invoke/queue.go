package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// message is what a queue is sent, or what is done with one that came from it.
type message struct {
	ID                string `json:"Id"`
	MessageBody       string
	MessageGroupID    string `json:"MessageGroupId"`
	DelaySeconds      int
	ReceiptHandle     string
	VisibilityTimeout int
}

// queue is SendMessage and ChangeMessageVisibility, and their batches, which take several and which IAM
// knows by the same names.
func (r *recorder) queue(w http.ResponseWriter, key, target string, body []byte) {
	var request struct {
		QueueURL string
		message
		Entries []message
	}
	action, batch := strings.CutSuffix(strings.TrimPrefix(target, "AmazonSQS."), "Batch")
	known := action == "SendMessage" || action == "ChangeMessageVisibility"
	if err := json.Unmarshal(body, &request); err != nil || !known {
		http.Error(w, `{"__type":"com.amazonaws.sqs#InvalidMessageContents"}`, http.StatusBadRequest)
		return
	}
	queue := name(request.QueueURL)
	r.use(key, "sqs:"+action+" "+queue)
	answer := object{"MessageId": "00000000-0000-0000-0000-000000000000"}
	if batch {
		answer = taken(request.Entries)
	} else {
		request.Entries = []message{request.message}
	}
	for _, m := range request.Entries {
		r.keep(key, m.call(action, queue))
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	fmt.Fprint(w, text(answer))
}

func (m message) call(action, queue string) call {
	if action == "ChangeMessageVisibility" {
		return call{To: "hide", Target: queue, Body: object{"receipt": m.ReceiptHandle, "seconds": m.VisibilityTimeout}}
	}
	return call{To: "send", Target: queue, Body: decoded([]byte(m.MessageBody)), Group: m.MessageGroupID, Delay: m.DelaySeconds}
}

// taken is the answer to a batch of which nothing has failed.
func taken(entries []message) object {
	successful := []object{}
	for _, m := range entries {
		successful = append(successful, object{"Id": m.ID})
	}
	return object{"Successful": successful, "Failed": []object{}}
}
