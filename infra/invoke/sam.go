package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// sam runs `sam local invoke`.
type sam struct {
	options
	// template is the built one with the endpoint variables added; env has values of variables.
	template string
	env      map[string]string
	folder   string
}

// endpoints are the variables that lead the functions' clients to this machine. The
// SAM CLI passes only variables that the template names.
var endpoints = []string{"AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_LAMBDA", "AWS_ENDPOINT_URL_SQS"}

func newSAM(o options, recorderPort int) (*sam, error) {
	folder, err := os.MkdirTemp("", "edgestream-invoke")
	if err != nil {
		return nil, err
	}
	recorder := fmt.Sprintf("http://%s:%d", o.host, recorderPort)
	s := &sam{options: o, folder: folder, template: filepath.Join(o.build, "invoke.yaml"), env: map[string]string{
		"AWS_ENDPOINT_URL_DYNAMODB": recorder,
		"AWS_ENDPOINT_URL_LAMBDA":   recorder,
		"AWS_ENDPOINT_URL_SQS":      recorder,
		"CALLBACK_URL":              recorder + "/prod",
	}}
	return s, s.writeTemplate(filepath.Join(o.build, "template.yaml"))
}

func (s *sam) close() { _ = os.RemoveAll(s.folder) }

func (s *sam) writeTemplate(built string) error {
	data, err := os.ReadFile(built)
	if err != nil {
		return fmt.Errorf("run sam build first: %w", err)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		return fmt.Errorf("%s: %w", built, err)
	}
	for _, resource := range values(child(document.Content[0], "Resources")) {
		variables := child(child(child(resource, "Properties"), "Environment"), "Variables")
		if variables == nil {
			continue
		}
		for _, name := range endpoints {
			variables.Content = append(variables.Content,
				&yaml.Node{Kind: yaml.ScalarNode, Value: name}, &yaml.Node{Kind: yaml.ScalarNode, Value: "set by the test"})
		}
	}
	out, err := yaml.Marshal(&document)
	if err != nil {
		return err
	}
	return os.WriteFile(s.template, out, 0o644)
}

// child is a mapping's value, nil if it has none.
func child(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func values(n *yaml.Node) (out []*yaml.Node) {
	for i := 1; n != nil && i < len(n.Content); i += 2 {
		out = append(out, n.Content[i])
	}
	return out
}

// writeEnv writes the file of a case's variables.
func (s *sam) writeEnv(c testCase, key string) (path string, err error) {
	env := maps.Clone(s.env)
	maps.Copy(env, c.Env)
	data, err := json.Marshal(map[string]any{"Parameters": env})
	if err != nil {
		return "", err
	}
	path = filepath.Join(s.folder, key+".json")
	return path, os.WriteFile(path, data, 0o600)
}

// raced reports the two failures to start that have nothing to do with the function: the emulator
// asks for work before it listens, or two runs side by side have picked the same free port.
func raced(log string) bool {
	return strings.Contains(log, "127.0.0.1:9001: connect: connection refused") ||
		strings.Contains(log, "port is already allocated")
}

// invoke answers what the function returned and what it logged.
func (s *sam) invoke(ctx context.Context, c testCase, key string) (result, log string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	env, err := s.writeEnv(c, key)
	if err != nil {
		return "", "", err
	}
	cmd := exec.CommandContext(ctx, s.sam, "local", "invoke", c.Function,
		"--template", s.template, "--event", filepath.Join(s.events, c.Event), "--env-vars", env,
		"--parameter-overrides", "Architecture="+s.architecture, "--region", "us-east-1",
		"--skip-pull-image", "--add-host", s.host+":host-gateway")
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID="+key, "AWS_SECRET_ACCESS_KEY=secret", "SAM_CLI_TELEMETRY=0",
		"AWS_MAX_ATTEMPTS=1", // SAM asks AWS for the account, and goes on without
		"SAM_CLI_CONTAINER_CONNECTION_TIMEOUT=60")
	cmd.WaitDelay = 10 * time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", stderr.String() + stdout.String(), fmt.Errorf("sam local invoke: %w", err)
	}
	return answer(stdout.String()), stderr.String(), nil
}

// preludeEnd is what stands between the prelude of a streamed response and its body.
var preludeEnd = strings.Repeat("\x00", 8)

// answer is what the function returned: the last line or, of a response that it streamed and the
// emulator collected, the prelude with the body as one member more.
func answer(out string) string {
	prelude, body, streamed := strings.Cut(out, preludeEnd)
	prelude = strings.TrimSpace(prelude)
	prelude = prelude[strings.LastIndex(prelude, "\n")+1:]
	if !streamed {
		return prelude
	}
	members, ok := decoded([]byte(prelude)).(map[string]any)
	if !ok {
		return out
	}
	members["body"] = body
	return text(members)
}
