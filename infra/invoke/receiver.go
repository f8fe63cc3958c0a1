package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
)

// receivers begins the paths of the receivers of webhooks, which the recorder stands for too:
// /receiver/KEY/NAME.
const receivers = "/receiver/"

// receiver stands in a seed for the URL of the case's receivers, behind which a name follows.
const receiver = "$receiver"

// receive keeps what a webhook's receiver is told, under the receiver's name, and answers with the status
// that the case has for it. What is not signed with the case's secret is refused, and not kept.
// https://pusher.com/docs/channels/server_api/webhooks/#security
func (r *recorder) receive(w http.ResponseWriter, req *http.Request) {
	key, name, _ := strings.Cut(strings.TrimPrefix(req.URL.Path, receivers), "/")
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	mac := hmac.New(sha256.New, []byte(r.of(key).Secret))
	mac.Write(body)
	if req.Header.Get("X-Pusher-Signature") != hex.EncodeToString(mac.Sum(nil)) || req.Header.Get("X-Pusher-Key") == "" {
		http.Error(w, "not signed", http.StatusUnauthorized)
		return
	}
	w.WriteHeader(r.keepTry(key, call{To: "webhook", Target: name, Body: string(body)}))
}
