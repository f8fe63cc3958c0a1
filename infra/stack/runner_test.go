package stack_test

import (
	"context"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// tiny is a copy of a small module and template in a folder of the test's own.
func tiny(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "tiny"))); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "go.mod.txt"), filepath.Join(dir, "go.mod")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// edit replaces a text in a file.
func edit(t *testing.T, path, old, changed string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil && !strings.Contains(string(text), old) {
		err = fs.ErrNotExist
	}
	if err == nil {
		err = os.WriteFile(path, []byte(strings.ReplaceAll(string(text), old, changed)), 0o600)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// said waits for a line of a function.
func (w *world) said(t *testing.T, want string) {
	t.Helper()
	eventually(t, "a function says "+want, func() bool {
		for _, line := range w.Lines() {
			if strings.TrimSpace(line.Text) == want {
				return true
			}
		}
		return false
	})
}

// dialStage opens a socket at an API whose functions accept everyone.
func (w *world) dialStage(t *testing.T) *socket {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), w.WebSocket, &websocket.DialOptions{HTTPClient: w.http})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.CloseNow() })
	return &socket{t, conn}
}

func TestARouteAndAFunctionMoreInTheTemplateWorkWithNoOtherEdit(t *testing.T) {
	t.Parallel()
	dir := tiny(t)
	path := filepath.Join(dir, "template.yaml")
	edit(t, path, "Resources:\n", `Resources:
  More:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: go1.x}
    Properties:
      CodeUri: say/
      Environment: {Variables: {WHO: !Sub "more-${AWS::Region}"}}
`)
	edit(t, path, "        $default:", "        extra: {FunctionArn: !GetAtt More.Arn}\n        $default:")
	w := newStack(t, "--template", path)
	s := w.dialStage(t)
	s.send(`{"do":"extra"}`)
	s.send(`{"do":"else"}`)
	w.said(t, `more-us-east-1 one extra {"do":"extra"}`)
	w.said(t, `say one $default {"do":"else"}`)
}

func TestAnEditedFunctionIsSwappedWhileASocketStaysOpen(t *testing.T) {
	t.Parallel()
	dir := tiny(t)
	w := newStack(t, "--template", filepath.Join(dir, "template.yaml"))
	s := w.dialStage(t)
	s.send("before")
	w.said(t, "say one $default before")
	// A source that does not build, in between, changes nothing.
	edit(t, filepath.Join(dir, "say", "main.go"), `"one"`, "two two")
	edit(t, filepath.Join(dir, "say", "main.go"), `two two`, `"two"`)
	eventually(t, "the new program answers", func() bool {
		s.send("after")
		for _, line := range w.Lines() {
			if strings.TrimSpace(line.Text) == "say two $default after" {
				return true
			}
		}
		return false
	})
}

func TestCtrlCClosesSocketsRunsDisconnectAndLeavesNoProcess(t *testing.T) {
	t.Parallel()
	p, err := program()
	if err != nil {
		t.Fatal(err)
	}
	w, err := start(p, "--template", filepath.Join(tiny(t), "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	sockets := []*socket{w.dialStage(t), w.dialStage(t)}
	processes := w.Processes()
	if len(processes) == 0 {
		t.Error("no function runs")
	}
	ended := make(chan error, 1)
	go func() { ended <- w.end() }()
	for _, s := range sockets {
		if code := s.closed(); code != websocket.StatusGoingAway {
			t.Errorf("closed with %d", code)
		}
	}
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
	left := 0
	for _, i := range w.Invocations() {
		if i.Route == "$disconnect" && strings.HasPrefix(i.Result, "200") {
			left++
		}
	}
	if left != len(sockets) {
		t.Errorf("$disconnect ran %d times", left)
	}
	for _, each := range processes {
		if program, err := os.Readlink("/proc/" + itoa(each.PID) + "/exe"); err == nil && program == each.Program {
			t.Errorf("%s still runs", program)
		}
	}
}

func TestReadyMeansThatHealthAnswers(t *testing.T) {
	w := theStack(t)
	response, err := w.http.Get(w.Edge + streaming + "/health")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK || string(body) != "OK" || response.Header.Get("Content-Type") != "text/plain" {
		t.Errorf("health: %s %q %v %v", response.Status, body, response.Header, err)
	}
}

// freePorts are the flags for a start that takes no port of anybody's.
var freePorts = []string{"--listen", "127.0.0.1:0", "--api", "127.0.0.1:0", "--dynamodb-listen", "127.0.0.1:0"}

func TestWhatCannotStartSaysWhyInOneLineAndEndsWithStatus1(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	good, broken, missing := filepath.Join(tiny(t), "template.yaml"), tiny(t), tiny(t)
	edit(t, filepath.Join(broken, "say", "main.go"), `"one"`, "one + two")
	edit(t, filepath.Join(missing, "template.yaml"), "CodeUri: say/", "CodeUri: nowhere/")
	odd, unknown := tiny(t), tiny(t)
	edit(t, filepath.Join(odd, "template.yaml"), "Resources:", "Resources: [")
	edit(t, filepath.Join(unknown, "template.yaml"), "{WHO: say}", "{WHO: !Cidr [a, 1]}")
	for name, c := range map[string]struct {
		flags []string
		want  []string
	}{
		"the edge's port in use":          {[]string{"--template", good, "--listen", taken.Addr().String()}, []string{taken.Addr().String(), "in use", "--listen"}},
		"the API's port in use":           {[]string{"--template", good, "--api", taken.Addr().String()}, []string{taken.Addr().String(), "in use", "--api"}},
		"no template":                     {[]string{"--template", good + ".none"}, []string{"template.yaml.none"}},
		"no YAML":                         {[]string{"--template", filepath.Join(odd, "template.yaml")}, []string{"template.yaml"}},
		"an unknown intrinsic":            {[]string{"--template", filepath.Join(unknown, "template.yaml")}, []string{"template.yaml:", "Cidr"}},
		"a function that does not build":  {[]string{"--template", filepath.Join(broken, "template.yaml")}, []string{"Say: does not build: say/main.go:"}},
		"no source":                       {[]string{"--template", filepath.Join(missing, "template.yaml")}, []string{"Say: does not build:", "nowhere"}},
		"a function to debug that is not": {[]string{"--template", good, "--debug", "Nope"}, []string{"--debug Nope"}},
		"an unknown flag's value":         {[]string{"--template", good, "--log", "loud"}, []string{"--log", "loud"}},
	} {
		t.Run(name, func(t *testing.T) {
			out, status := refusedStart(t, c.flags...)
			if status != 1 || strings.Count(out, "\n") != 1 {
				t.Errorf("status %d, %d lines:\n%s", status, strings.Count(out, "\n"), out)
			}
			for _, want := range c.want {
				if !strings.Contains(out, want) {
					t.Errorf("%q is not in %s", want, out)
				}
			}
		})
	}
}

func TestCtrlCBeforeItIsReadyIsQuiet(t *testing.T) {
	t.Parallel()
	cmd, stop := command(t, append(freePorts, "--template", filepath.Join(tiny(t), "template.yaml"))...)
	defer stop()
	var screen, errors lockedText
	cmd.Stdout, cmd.Stderr = &screen, &errors
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it builds", func() bool { return strings.Contains(screen.String(), "building 1 functions…") })
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || errors.String() != "" {
		t.Errorf("%v: %s", err, errors.String())
	}
}

// refusedStart runs infra/local, which must end by itself, and returns what it says on stderr.
func refusedStart(t *testing.T, flags ...string) (stderr string, status int) {
	t.Helper()
	cmd, stop := command(t, append(freePorts, flags...)...)
	defer stop()
	var out strings.Builder
	cmd.Stderr = &out
	_ = cmd.Run() // the status says it
	return out.String(), cmd.ProcessState.ExitCode()
}

func command(t *testing.T, args ...string) (*exec.Cmd, context.CancelFunc) {
	t.Helper()
	p, err := program()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	return p.Command(ctx, args...), cancel
}

func TestTheCommandsListenPutAndDeleteWork(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	account, token, _ := w.member(t)
	listen, stop := command(t, "listen", w.url("stream=user&access_token="+token))
	defer stop()
	typed, keyboard := io.Pipe()
	listen.Stdin = typed
	var screen lockedText
	listen.Stdout = &screen
	if err := listen.Start(); err != nil {
		t.Fatal(err)
	}
	shows := func(text string) {
		t.Helper()
		eventually(t, "listen prints "+text, func() bool { return strings.Contains(screen.String(), text) })
	}
	shows("connected")
	runs(t, "Content: created\n", "put", "--endpoint", w.DynamoDB, "Content", `{"owner":"`+account+`","id":"status#1","kind":"status","home":["`+account+`"],
		"payload":{"id":12345678901234567890,"content":"Hello","account":{"acct":"a"}}}`)
	shows(frame(`{"account":{"acct":"a"},"content":"Hello","id":12345678901234567890}`, "update", "user"))
	key := `{"owner":"` + account + `","id":"status#1"}`
	runs(t, "Content: changed\n", "put", "--endpoint", w.DynamoDB, "Content", `{"owner":"`+account+`","id":"status#1","kind":"status","home":["`+account+`"],
		"payload":{"id":12345678901234567890,"content":"Hello","account":{"acct":"a"}}}`)
	runs(t, "Content: deleted\n", "delete", "--endpoint", w.DynamoDB, "Content", key)
	runs(t, "Content: there is no such item\n", "delete", "--endpoint", w.DynamoDB, "Content", key)
	shows(frame("12345678901234567890", "delete", "user"))
	if _, err := io.WriteString(keyboard, subscribe("x", "", "")+"\n"); err != nil {
		t.Fatal(err)
	}
	shows(unknownName)
	keyboard.Close()
	if err := listen.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := listen.Wait(); err != nil {
		t.Errorf("listen ended with %v after Ctrl-C", err)
	}
	for _, args := range [][]string{{"listen", w.url("access_token=nobody")}, {"put", "--endpoint", w.DynamoDB, "Content", "{"},
		{"put", "Content"}, {"put", "--endpoint", w.DynamoDB, "Nothing", `{"owner":"1"}`}, {"delete", "--endpoint", w.DynamoDB, "Content", `{"owner":"1"}`}} {
		cmd, stop := command(t, args...)
		out, _ := cmd.CombinedOutput()
		stop()
		if args[0] == "listen" && !strings.Contains(string(out), "401") {
			t.Errorf("%v: %s", args, out)
		}
		if status := cmd.ProcessState.ExitCode(); status != 1 || strings.Count(string(out), "\n") != 1 || !strings.HasPrefix(string(out), "local: ") {
			t.Errorf("%v: status %d, %s", args, status, out)
		}
	}
}

func runs(t *testing.T, says string, args ...string) {
	t.Helper()
	cmd, stop := command(t, args...)
	defer stop()
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != says {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
}

func TestTheFirstScreenSaysWhatRunsWhereAndWhatToTry(t *testing.T) {
	t.Parallel()
	cmd, stop := command(t, append(freePorts, "--template", "template.yaml")...)
	defer stop()
	var screen lockedText
	cmd.Stdout = &screen
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the first screen is whole", func() bool { return strings.Contains(screen.String(), "Delete it:") })
	for _, want := range []string{"is running, started in", "Edge", "WebSocket", "DynamoDB", "Content", "PublishFunction", "alice",
		"building ", "Console      http://127.0.0.1:", "/FailureQueue", "listen 'ws://127.0.0.1:", "curl -N -H 'Authorization: Bearer alice' http://127.0.0.1:", "rate(1 minute)", "put --endpoint http://127.0.0.1:", "Ctrl-C"} {
		if !strings.Contains(screen.String(), want) {
			t.Errorf("%q is not on the screen:\n%s", want, screen.String())
		}
	}
	_, edge, _ := strings.Cut(screen.String(), "Edge         ")
	edge, _, _ = strings.Cut(edge, "\n")
	openStream(t, edge)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Error("it does not end")
	}
	if after := screen.String(); strings.Contains(after, "WARN") || strings.Contains(after, "failed:") || !strings.Contains(after, " stopped") {
		t.Errorf("a shutdown with an open stream is not quiet:\n%s", after)
	}
}

// openStream opens one that lasts until the test ends.
func openStream(t *testing.T, edge string) {
	t.Helper()
	response, err := http.Get(edge + streaming + "/user?access_token=alice")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	if response.StatusCode != http.StatusOK {
		t.Fatal(response.Status)
	}
}
