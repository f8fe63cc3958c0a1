package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"edgestream/infra/local/lambda"
)

// logger writes what happens: one line per invocation, the functions' own lines, and what an
// operator should know. In the form json every line is an object; quiet leaves only warnings.
type logger struct {
	form string
	mu   sync.Mutex
	out  io.Writer
	last string // the line under the log; see status
}

func newLogger(form string, out io.Writer) *logger { return &logger{form: form, out: out} }

// operator is for the parts themselves.
func (l *logger) operator() *slog.Logger {
	opts := &slog.HandlerOptions{Level: slog.LevelWarn}
	if l.form == "json" {
		return slog.New(slog.NewJSONHandler(lockedWriter{l}, opts))
	}
	return slog.New(slog.NewTextHandler(lockedWriter{l}, opts))
}

type lockedWriter struct{ l *logger }

func (w lockedWriter) Write(p []byte) (int, error) {
	w.l.mu.Lock()
	defer w.l.mu.Unlock()
	if w.l.last == "" {
		return w.l.out.Write(p)
	}
	if _, err := fmt.Fprintf(w.l.out, "%s%s%s", clearLine, p, w.l.last); err != nil {
		return 0, err
	}
	return len(p), nil
}

// status replaces the line under the log, on a terminal; empty: there is none. What is logged goes
// above it, whole lines at a time.
func (l *logger) status(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if line != l.last {
		l.last = line
		fmt.Fprint(l.out, clearLine+line)
	}
}

// invoked is one invocation as it is logged.
type invoked struct {
	Time       string  `json:"time"`
	Function   string  `json:"function"`
	Route      string  `json:"route,omitempty"`
	Connection string  `json:"connection,omitempty"`
	Records    int     `json:"records,omitempty"`
	Request    string  `json:"request"`
	Millis     float64 `json:"ms"`
	Result     string  `json:"result"`
}

func (l *logger) invocation(i lambda.Invocation) {
	if l.form == "quiet" {
		return
	}
	line := describe(i)
	if l.form == "json" {
		l.json(line)
		return
	}
	what := line.Route
	if line.Records > 0 {
		what = fmt.Sprintf("%d record(s)", line.Records)
	}
	l.printf("%s %-19s %-12s %-17s %8.1f ms  %s\n", i.Start.Add(i.Duration).Format("15:04:05.000"), line.Function, what, line.Connection, line.Millis, line.Result)
}

// describe reads from an event what a person looks for: AWS's events name themselves.
func describe(i lambda.Invocation) invoked {
	var event struct {
		RequestContext struct {
			RouteKey, ConnectionID string
			HTTP                   struct{ Method, Path string }
		}
		DetailType string `json:"detail-type"`
		Records    []json.RawMessage
	}
	_ = json.Unmarshal(i.Event, &event) // an event of another shape has nothing to show
	route := cmp.Or(event.RequestContext.RouteKey, event.DetailType)
	if request := event.RequestContext.HTTP; request.Method != "" {
		route = request.Method + " " + shownPath(request.Path) // never the query: it may hold a token
	}
	return invoked{
		Time: i.Start.Add(i.Duration).UTC().Format(time.RFC3339Nano), Function: i.Function, Route: route,
		Connection: event.RequestContext.ConnectionID, Records: len(event.Records), Request: i.RequestID,
		Millis: float64(i.Duration.Microseconds()) / 1000, Result: result(i),
	}
}

// maxSegment is how long a name in a path is; what is longer may be a credential.
const maxSegment = 40

// shownPath is the path without what may be a credential.
func shownPath(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if len(s) > maxSegment {
			segments[i] = "…"
		}
	}
	return strings.Join(segments, "/")
}

// result is the outcome in a few words: a status, a count of failed items, or an error.
func result(i lambda.Invocation) string {
	var answer struct {
		StatusCode        int
		BatchItemFailures []json.RawMessage
		ErrorMessage      string
	}
	_ = json.Unmarshal(i.Payload, &answer)
	words := "ok"
	switch {
	case i.Stopped:
		words = "stopped"
	case i.FunctionError != "":
		words = "failed: " + answer.ErrorMessage
	case len(answer.BatchItemFailures) > 0:
		words = fmt.Sprintf("%d failed items", len(answer.BatchItemFailures))
	case answer.StatusCode != 0 || i.StreamStatus != 0:
		words = fmt.Sprint(cmp.Or(answer.StatusCode, i.StreamStatus))
	}
	if i.InitDuration > 0 {
		words += fmt.Sprintf(" (started in %d ms)", i.InitDuration.Milliseconds())
	}
	return words
}

// functionLine passes on a line that a function wrote. Metrics are for programs to read: a person
// sees what they count in the lines beside them.
func (l *logger) functionLine(line lambda.LogLine) {
	switch l.form {
	case "json":
		l.json(map[string]string{"time": line.Time.UTC().Format(time.RFC3339Nano), "function": line.Function, "request": line.RequestID, "line": line.Text})
	case "text":
		if strings.Contains(line.Text, `"CloudWatchMetrics":`) {
			return
		}
		l.printf("%s %-19s %s | %s\n", line.Time.Format("15:04:05.000"), line.Function, line.RequestID, strings.TrimRight(line.Text, "\n"))
	}
}

// building is what the first start is busy with for long.
func (l *logger) building(functions int) {
	if l.form == "json" {
		l.json(map[string]int{"building": functions})
		return
	}
	l.printf("building %d functions…\n", functions)
}

// built is the progress of the functions' build.
func (l *logger) built(function string, done, total int, took time.Duration) {
	if l.form == "json" {
		l.json(map[string]any{"built": function, "done": done, "total": total, "ms": took.Milliseconds()})
		return
	}
	l.printf("built %d of %d: %s (%.1f s)\n", done, total, function, took.Seconds())
}

// rebuilt says what became of a source change.
func (l *logger) rebuilt(changed []string, took time.Duration, err error) {
	now := time.Now()
	switch {
	case l.form == "json" && err != nil:
		l.json(map[string]any{"time": now.UTC().Format(time.RFC3339Nano), "rebuilt": []string{}, "error": err.Error()})
	case l.form == "json":
		l.json(map[string]any{"time": now.UTC().Format(time.RFC3339Nano), "rebuilt": changed, "ms": took.Milliseconds()})
	case err != nil:
		l.printf("%s the change does not build; the functions stay as they were:\n%s\n", now.Format("15:04:05.000"), err)
	case len(changed) > 0:
		l.printf("%s built again: %s (%.1f s)\n", now.Format("15:04:05.000"), strings.Join(changed, ", "), took.Seconds())
	default:
		l.printf("%s built again: no function has changed\n", now.Format("15:04:05.000"))
	}
}

// say is for what a person should know now.
func (l *logger) say(text string) {
	if l.form == "json" {
		l.json(map[string]string{"time": time.Now().UTC().Format(time.RFC3339Nano), "notice": text})
		return
	}
	l.printf("%s %s\n", time.Now().Format("15:04:05.000"), text)
}

func (l *logger) json(v any) {
	line, err := json.Marshal(v)
	if err == nil {
		lockedWriter{l}.Write(append(line, '\n'))
	}
}

func (l *logger) printf(format string, args ...any) {
	fmt.Fprintf(lockedWriter{l}, format, args...)
}
