package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"edgestream/infra/local/template"
)

// firstScreen says what is running, where, and what to try next.
func (r *runner) firstScreen(out io.Writer) {
	if r.opts.log == "json" {
		r.log.json(r.addresses())
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s is running, started in %.1f s. Ctrl-C ends it.\n\n", r.stack.Name, time.Since(r.started).Seconds())
	for _, line := range r.places() {
		fmt.Fprintf(&b, "  %-12s %s\n", line[0], line[1])
	}
	for _, id := range r.debugged() {
		fmt.Fprintf(&b, "\n%s waits for you: run it in your debugger with this environment, or as it stands here.\n\n  env \\\n", id)
		for _, v := range r.functions.ExternalEnv(id) {
			fmt.Fprintf(&b, "    %s \\\n", shellQuoted(v))
		}
		fmt.Fprintf(&b, "    go run %s\n", shellQuoted(r.codeOf(id)))
	}
	b.WriteString(r.suggestions())
	fmt.Fprintln(out, b.String())
}

// addresses is the first screen for programs: one line of JSON once everything answers.
func (r *runner) addresses() map[string]any {
	a := map[string]any{"ready": true, "edge": r.edge.url(), "metrics": r.edge.url() + metricsPath, "dynamodb": r.database.url, "lambda": r.api.url(), "sqs": r.api.url(), "ms": time.Since(r.started).Milliseconds()}
	urls := map[string]string{}
	for _, u := range r.stack.FunctionURLs {
		urls[u.Function] = r.names.local[u.Domain] + "/"
	}
	if len(urls) > 0 {
		a["urls"] = urls
	}
	if console := r.console(); console != "" {
		a["console"] = console
	}
	if queues := r.queueURLs(); len(queues) > 0 {
		a["queues"] = queues
	}
	for _, api := range r.stack.WebSocketAPIs {
		a["websocket"] = "ws://" + r.api.address() + "/" + api.Stage
		a["callback"] = r.api.url() + "/" + api.Stage
	}
	return a
}

func (r *runner) places() [][2]string {
	places := [][2]string{{"Edge", r.edge.url()}}
	if console := r.console(); console != "" {
		places = append(places, [2]string{"Console", console})
	}
	for _, u := range r.stack.FunctionURLs {
		places = append(places, [2]string{"URL", r.names.local[u.Domain] + "/   (" + u.Function + ")"})
	}
	for _, api := range r.stack.WebSocketAPIs {
		places = append(places, [2]string{"WebSocket", "ws://" + r.api.address() + "/" + api.Stage + "   (and " + r.api.url() + "/" + api.Stage + "/@connections/ID)"})
	}
	engine := "embedded, in memory"
	if r.tables == nil {
		engine = "not this program's"
	}
	var tables, functions []string
	for _, t := range r.stack.Tables {
		tables = append(tables, t.Name)
	}
	for _, f := range r.stack.Functions {
		functions = append(functions, f.Name)
	}
	places = append(places,
		[2]string{"DynamoDB", r.database.url + "   (" + engine + ")"},
		[2]string{"Tables", strings.Join(tables, ", ")},
		[2]string{"Functions", strings.Join(functions, ", ") + "   (Lambda and SQS APIs at " + r.api.url() + ")"})
	for _, m := range r.stack.Streams {
		if m.Table == "" {
			places = append(places, [2]string{"Stream", streamName(m) + "   (" + m.Function + ")"})
		}
	}
	queues := r.queueURLs()
	for _, id := range slices.Sorted(maps.Keys(queues)) {
		places = append(places, [2]string{"Queue", queues[id] + "   (" + id + ")"})
	}
	places = append(places, [2]string{"Metrics", r.edge.url() + metricsPath + "   (Prometheus)"})
	for _, s := range r.stack.Schedules {
		if s.Enabled {
			places = append(places, [2]string{"Schedule", s.Expression + "   (" + s.Function + ")"})
		}
	}
	if r.demo {
		places = append(places, [2]string{"Tokens", "alice (account 1), bob (account 2)"})
	}
	if r.demo && r.stack.Parameters["Protocols"] != "mastodon" {
		places = append(places, [2]string{"App", demoAppID + ", key " + demoAppKey + ", secret " + demoAppSecret})
	}
	return places
}

// console is the address of the page to try things with, where the template has one and says so.
func (r *runner) console() string {
	if _, has := r.stack.Outputs["ConsoleUrl"]; !has {
		return ""
	}
	return r.edge.url() + "/"
}

// queueURLs are the addresses of the queues here, by logical id.
func (r *runner) queueURLs() map[string]string {
	urls := map[string]string{}
	for _, q := range r.stack.Queues {
		urls[q.LogicalID] = r.names.rewrite(q.URL)
	}
	return urls
}

func (r *runner) debugged() []string {
	var ids []string
	for _, f := range r.stack.Functions {
		if r.opts.debug[f.Name] {
			ids = append(ids, f.Name)
		}
	}
	return ids
}

func (r *runner) codeOf(function string) string {
	for _, f := range r.stack.Functions {
		if f.Name == function {
			return f.CodeURI
		}
	}
	return ""
}

// shellQuoted is text that a POSIX shell takes as one word.
func shellQuoted(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// suggestions are lines to copy, those that listen and those that write, with the demo tokens.
func (r *runner) suggestions() string {
	if !r.demo {
		return ""
	}
	endpoint := ""
	if r.database.url != "http://127.0.0.1:8000" {
		endpoint = "--endpoint " + r.database.url + " "
	}
	text := ""
	if protocols := r.stack.Parameters["Protocols"]; protocols != "pusher" {
		text += r.streamSuggestions(endpoint)
		if protocols == "mastodon" {
			return text
		}
	}
	return text + r.channelSuggestions(endpoint)
}

func (r *runner) streamSuggestions(endpoint string) string {
	return `
Listen, in a second terminal:

  go run ./infra/local listen 'ws://` + r.edge.address() + `/api/v1/streaming?access_token=alice&stream=user'
` + r.eventStream() + `
Write a status that alice's home shows, in a third; edit the item to see status.update:

  go run ./infra/local put ` + endpoint + `Content '{"owner":"2","id":"status#1","kind":"status","home":["1"],
    "payload":{"id":"1","content":"Hello","visibility":"public","account":{"id":"2","acct":"bob"}}}'

Delete it:

  go run ./infra/local delete ` + endpoint + `Content '{"owner":"2","id":"status#1"}'
` + r.sourceSuggestion(endpoint)
}

// channelSuggestions are those for the app, where the template has a place for apps' clients.
func (r *runner) channelSuggestions(endpoint string) string {
	if _, has := r.stack.Parameters["Protocols"]; !has {
		return ""
	}
	return `
Listen to a channel: the second line is for the listener's terminal.

  go run ./infra/local listen 'ws://` + r.edge.address() + `/app/` + demoAppKey + `?protocol=7'
  {"event":"pusher:subscribe","data":{"channel":"news"}}

Say something there:

  go run ./infra/local put ` + endpoint + `Content '{"owner":"app#` + demoAppID + `#news","id":"event#1","kind":"event",
    "payload":{"name":"headline","data":"Hello"}}'
`
}

// eventStream is the line that listens without a WebSocket, where a function URL serves that path.
func (r *runner) eventStream() string {
	const path = "/api/v1/streaming/user"
	if r.front == nil {
		return ""
	}
	origin := r.front.OriginOf(path)
	if !slices.ContainsFunc(r.stack.FunctionURLs, func(u template.FunctionURL) bool { return u.Domain == origin.DomainName }) {
		return ""
	}
	return `
The same as an event stream:

  curl -N -H 'Authorization: Bearer alice' ` + r.edge.url() + path + `
`
}
