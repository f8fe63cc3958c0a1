package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// application is an app of the Channels protocol.
type application struct{ id, key, secret string }

// benchApp is the one that is measured.
var benchApp = application{"bench", "bench-key", "bench-secret"}

// register puts the app into Accounts, with client events on.
func (a application) register(ctx context.Context, db *dynamodb.Client) error {
	yes := &types.AttributeValueMemberBOOL{Value: true}
	for _, row := range []item{
		{"key": text("app#" + a.id), "appKey": text(a.key), "secret": text(a.secret), "enabled": yes, "clientEvents": yes},
		{"key": text("appkey#" + a.key), "app": text(a.id)},
	} {
		if err := putItem(ctx, db, "Accounts", row); err != nil {
			return err
		}
	}
	return nil
}

func (a application) sign(text string) string {
	mac := hmac.New(sha256.New, []byte(a.secret))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

// auth is what a client shows for what the text says.
func (a application) auth(text string) string { return a.key + ":" + a.sign(text) }

// query is that of a request with this body, signed.
// https://pusher.com/docs/channels/library_auth_reference/rest-api/#authentication
func (a application) query(method, path string, body []byte, at time.Time) string {
	query := fmt.Sprintf("auth_key=%s&auth_timestamp=%d&auth_version=1.0&body_md5=%x", a.key, at.Unix(), md5.Sum(body))
	return query + "&auth_signature=" + a.sign(method+"\n"+path+"\n"+query)
}

// admits reports whether the app has signed the request, within ten minutes.
func (a application) admits(r *http.Request, body []byte, now time.Time) bool {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return false
	}
	signature := query.Get("auth_signature")
	query.Del("auth_signature")
	at, err := strconv.ParseInt(query.Get("auth_timestamp"), 10, 64)
	if away := now.Sub(time.Unix(at, 0)); err != nil || away.Abs() > 10*time.Minute {
		return false
	}
	if query.Get("auth_key") != a.key || query.Get("body_md5") != fmt.Sprintf("%x", md5.Sum(body)) {
		return false
	}
	var pairs []string
	for key, values := range query {
		pairs = append(pairs, key+"="+values[0])
	}
	slices.Sort(pairs)
	return hmac.Equal([]byte(signature), []byte(a.sign(r.Method+"\n"+r.URL.Path+"\n"+strings.Join(pairs, "&"))))
}

// post makes a call of the app's HTTP API, and fails unless it is answered as one that asks for nothing.
func (a application) post(ctx context.Context, client *http.Client, host, call string, body []byte) error {
	answer, err := a.ask(ctx, client, host, call, body)
	if err == nil && strings.TrimSpace(answer) != "{}" {
		err = fmt.Errorf("POST %s: %s", call, answer)
	}
	return err
}

// ask makes a call of the app's HTTP API and returns what a 200 says.
func (a application) ask(ctx context.Context, client *http.Client, host, call string, body []byte) (string, error) {
	path := "/apps/" + a.id + call
	return postJSON(ctx, client, host+path+"?"+a.query(http.MethodPost, path, body, time.Now()), body)
}

// postJSON returns what a 200 says.
func postJSON(ctx context.Context, client *http.Client, url string, body []byte) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("POST %s: %s %s", r.URL.Path, response.Status, answer)
	}
	return string(answer), err
}
