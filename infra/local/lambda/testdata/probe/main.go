// Probe is a function that behaves as its event tells it to.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// version is changed by the test of a source change.
const version = "one"

type event struct {
	Do     string `json:"do"`
	Text   string `json:"text"`
	Size   int    `json:"size"`
	File   string `json:"file"`
	Create string `json:"create"`
}

type answer struct {
	Text      string            `json:"text,omitempty"`
	PID       int               `json:"pid"`
	RequestID string            `json:"requestId"`
	ARN       string            `json:"arn"`
	Remaining time.Duration     `json:"remaining"`
	Env       map[string]string `json:"env,omitempty"`
	Version   string            `json:"version"`
}

func handle(ctx context.Context, e event) (any, error) {
	lc, _ := lambdacontext.FromContext(ctx)
	deadline, _ := ctx.Deadline()
	a := answer{Text: e.Text, PID: os.Getpid(), RequestID: lc.AwsRequestID, ARN: lc.InvokedFunctionArn,
		Remaining: time.Until(deadline), Version: version}
	if e.Create != "" {
		if err := os.WriteFile(e.Create, nil, 0o600); err != nil {
			return nil, err
		}
	}
	switch e.Do {
	case "echo":
	case "client context":
		a.Text = lc.ClientContext.Custom["k"]
	case "child":
		cmd := exec.Command("sleep", "600")
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		a.Text = strconv.Itoa(cmd.Process.Pid)
	case "env":
		a.Env = environment()
	case "error":
		return nil, errors.New(e.Text)
	case "panic":
		panic(e.Text)
	case "exit":
		os.Exit(e.Size)
	case "hang":
		select {}
	case "log":
		fmt.Println("to stdout: " + e.Text)
		fmt.Fprintln(os.Stderr, "to stderr: "+e.Text)
	case "big":
		return json.RawMessage(`"` + strings.Repeat("x", e.Size) + `"`), nil
	case "broken reader":
		return io.MultiReader(strings.NewReader(e.Text), brokenReader{}), nil
	case "await":
		await(e.File)
	default:
		return nil, fmt.Errorf("unknown thing to do: %q", e.Do)
	}
	return a, nil
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("the rest is lost") }

func environment() map[string]string {
	env := map[string]string{}
	for _, pair := range os.Environ() {
		key, value, _ := strings.Cut(pair, "=")
		env[key] = value
	}
	return env
}

// await returns when the file exists.
func await(file string) {
	for {
		if _, err := os.Stat(file); err == nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func main() {
	fmt.Println("probe starts")
	if os.Getenv("IGNORE_SIGTERM") != "" {
		signal.Ignore(syscall.SIGTERM)
	}
	if file := os.Getenv("INIT_AWAITS"); file != "" {
		await(file)
	}
	lambda.Start(handle)
}
