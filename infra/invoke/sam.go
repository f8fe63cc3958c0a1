package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// sam runs `sam local invoke`.
type sam struct {
	options
	// built is the template that `sam build` wrote, with the endpoint variables added.
	built object
	// recorder is the recorder's URL inside a container.
	recorder string
	// env has values of variables.
	env    map[string]string
	folder string
	warm   *warm
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
	s := &sam{options: o, folder: folder, recorder: recorder, env: map[string]string{
		"AWS_ENDPOINT_URL_DYNAMODB": recorder,
		"AWS_ENDPOINT_URL_LAMBDA":   recorder,
		"AWS_ENDPOINT_URL_SQS":      recorder,
		"CALLBACK_URL":              recorder + "/prod",
	}}
	if err := s.readTemplate(); err != nil {
		return s, err
	}
	s.warm, err = startWarm(o.sam, folder)
	return s, err
}

func (s *sam) close() {
	if s.warm != nil {
		s.warm.close()
	}
	_ = os.RemoveAll(s.folder)
}

func (s *sam) readTemplate() error {
	path, err := filepath.Abs(filepath.Join(s.build, "template.yaml"))
	if err != nil {
		return err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("run sam build first: %w", err)
	}
	if err := yaml.Unmarshal(data, &s.built); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, resource := range at(s.built, "Resources") {
		if code, ok := at(resource, "Properties")["CodeUri"].(string); ok {
			at(resource, "Properties")["CodeUri"] = filepath.Join(filepath.Dir(path), code)
		}
		for _, name := range endpoints {
			if variables := at(resource, "Properties", "Environment", "Variables"); variables != nil {
				variables[name] = "set by the test"
			}
		}
	}
	return nil
}

// at is the object at the path, nil if there is none.
func at(value any, path ...string) object {
	o, _ := value.(object)
	for _, name := range path {
		o, _ = o[name].(object)
	}
	return o
}

// writeTemplate writes the template of a case, as JSON: the SAM CLI takes much longer to read YAML.
func (s *sam) writeTemplate(c testCase, key string) (path string, err error) {
	document := s.built
	if c.Timeout != 0 {
		document, _ = plain(document).(object)
		at(document, "Resources", c.Function, "Properties")["Timeout"] = c.Timeout
	}
	return s.write(key+"-template.json", document)
}

// writeEnv writes the file of a case's variables.
func (s *sam) writeEnv(c testCase, key string) (path string, err error) {
	env := maps.Clone(s.env)
	maps.Copy(env, c.Env)
	return s.write(key+"-env.json", object{"Parameters": env})
}

// event is the path of a case's event: one that must be signed is a copy.
func (s *sam) event(c testCase, key string) (path string, err error) {
	path = filepath.Join(s.events, c.Event)
	if c.Sign == "" {
		return path, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if data, err = signed(data, c.Sign, time.Now()); err != nil {
		return "", fmt.Errorf("%s: %w", c.Event, err)
	}
	return s.write(key+"-event.json", json.RawMessage(data))
}

func (s *sam) write(name string, value any) (path string, err error) {
	data, err := json.Marshal(value)
	if err != nil {
		return "", err
	}
	path = filepath.Join(s.folder, name)
	return path, os.WriteFile(path, data, 0o600)
}

// raced reports the failures to start that have nothing to do with the function: the emulator asks
// for work before it listens or is asked before it does, or two runs side by side have picked the
// same free port.
func raced(log string) bool {
	return strings.Contains(log, "127.0.0.1:9001: connect: connection refused") ||
		strings.Contains(log, "No response from invoke container") ||
		strings.Contains(log, "port is already allocated")
}

// invoke answers what the function returned and what it logged.
func (s *sam) invoke(ctx context.Context, c testCase, key string) (result, log string, err error) {
	env, err := s.writeEnv(c, key)
	if err != nil {
		return "", "", err
	}
	template, err := s.writeTemplate(c, key)
	if err != nil {
		return "", "", err
	}
	event, err := s.event(c, key)
	if err != nil {
		return "", "", err
	}
	args := []string{"local", "invoke", c.Function,
		"--template", template, "--event", event, "--env-vars", env,
		"--parameter-overrides", "Architecture=" + s.architecture + " Console=on", "--region", "us-east-1",
		"--skip-pull-image", "--add-host", s.host + ":host-gateway"}
	environment := append(os.Environ(), "AWS_ACCESS_KEY_ID="+key, "AWS_SECRET_ACCESS_KEY=secret", "SAM_CLI_TELEMETRY=0",
		"AWS_MAX_ATTEMPTS=1", // SAM asks AWS for the account, and goes on without
		"SAM_CLI_CONTAINER_CONNECTION_TIMEOUT=60")
	out, log, err := s.warm.run(ctx, environment, args, 120)
	if err != nil {
		return "", log + out, fmt.Errorf("sam local invoke: %w", err)
	}
	return answer(out), log, nil
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
