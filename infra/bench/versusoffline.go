package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/coder/websocket"

	"edgestream/infra/stack"
)

const (
	// offlineSource is the publisher in Node, offlineFolder where it is installed.
	offlineSource = "infra/bench/versus"
	offlineFolder = cacheFolder + "/" + offlineID
)

// offline prepares serverless-offline.
func (p *localProgram) offline(ctx context.Context, f versusFlags) (starter, string, error) {
	if err := p.build(ctx); err != nil {
		return nil, "", err
	}
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, "", err
	}
	if err := installOffline(ctx); err != nil {
		return nil, "", err
	}
	version, err := offlineVersion(ctx, node)
	return func(ctx context.Context) (rival, error) { return p.startOffline(ctx, node) }, version, err
}

// installOffline copies the publisher into .cache, and installs its packages unless they are there.
func installOffline(ctx context.Context) error {
	files, err := os.ReadDir(offlineSource)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(offlineFolder, 0o755); err != nil {
		return err
	}
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(offlineSource, file.Name()))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(offlineFolder, file.Name()), text, 0o644); err != nil {
			return err
		}
	}
	lock, installed := filepath.Join(offlineFolder, "package-lock.json"), filepath.Join(offlineFolder, "node_modules", ".installed-lock")
	wanted, err := os.ReadFile(lock)
	if err != nil {
		return err
	}
	if there, err := os.ReadFile(installed); err == nil && bytes.Equal(there, wanted) {
		return nil
	}
	npm := nice(ctx, "npm", "ci", "--ignore-scripts", "--loglevel=error")
	npm.Dir = offlineFolder
	if err := fetch(ctx, "serverless-offline", npm, "npm-"+offlineID); err != nil {
		return err
	}
	return os.WriteFile(installed, wanted, 0o644)
}

// offlineVersion names what package.json pins, and Node's.
func offlineVersion(ctx context.Context, node string) (string, error) {
	text, err := os.ReadFile(filepath.Join(offlineSource, "package.json"))
	if err != nil {
		return "", err
	}
	var pinned struct{ Dependencies map[string]string }
	if err := json.Unmarshal(text, &pinned); err != nil {
		return "", err
	}
	version, err := exec.CommandContext(ctx, node, "--version").Output()
	d := pinned.Dependencies
	return fmt.Sprintf("%s, serverless %s, @aws-sdk %s, node %s", d["serverless-offline"], d["serverless"],
		d["@aws-sdk/client-apigatewaymanagementapi"], strings.TrimSpace(string(version))), err
}

// offlineRival is serverless-offline with its table in another process.
type offlineRival struct {
	table  *stack.Stack
	server *child
	http   *http.Client
	// socket and publish are URLs: API Gateway's, and that which invokes the function.
	socket, publish string
}

func (p *localProgram) startOffline(ctx context.Context, node string) (rival, error) {
	ports, err := freePorts(3)
	if err != nil {
		return nil, err
	}
	table, err := p.start(ctx, "--template", offlineFolder+"/table.yaml") // it writes beside its template
	if err != nil {
		return nil, err
	}
	serverless := exec.Command(node, "node_modules/serverless/bin/serverless.js", "offline", "start")
	serverless.Dir = offlineFolder
	serverless.Env = append(os.Environ(), "DYNAMODB_URL="+table.DynamoDB, "WEBSOCKET_PORT="+ports[0], "LAMBDA_PORT="+ports[1], "HTTP_PORT="+ports[2],
		"SLS_TELEMETRY_DISABLED=1", "SLS_NOTIFICATIONS_MODE=off", "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED=true")
	server, err := startChild(ctx, serverless, offlineID, "http://127.0.0.1:"+ports[0])
	if err != nil {
		return nil, errors.Join(err, table.Stop())
	}
	return &offlineRival{table, server, patientClient(), "ws://127.0.0.1:" + ports[0],
		"http://127.0.0.1:" + ports[1] + "/2015-03-31/functions/versus-dev-publish/invocations"}, nil
}

func (o *offlineRival) join(ctx context.Context, _ int) (listener, error) {
	ctx, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	s, err := dialOne(ctx, o.socket)
	if err != nil {
		return nil, err
	}
	if err := s.Write(ctx, websocket.MessageText, []byte(`{"type":"subscribe","stream":"public"}`)); err != nil {
		return nil, err
	}
	frame, _, err := s.next(ctx)
	if err == nil && string(frame) != `{"subscribed":"public"}` {
		err = fmt.Errorf("the first frame is %s", frame)
	}
	return s, err
}

// write returns when everyone has been posted to.
func (o *offlineRival) write(ctx context.Context, event int) error {
	body, err := encodeInvocation(event)
	if err != nil {
		return err
	}
	answer, err := postJSON(ctx, o.http, o.publish, body)
	if err == nil && !strings.HasPrefix(answer, `{"posts":`) {
		err = fmt.Errorf("publish answered %.200s", answer)
	}
	return err
}

func (o *offlineRival) usage() (cpu, memory float64) {
	cpu, memory = o.table.Usage()
	ownCPU, ownMemory := o.server.usage()
	return cpu + ownCPU, memory + ownMemory
}

func (o *offlineRival) stop() error {
	o.http.CloseIdleConnections()
	return errors.Join(o.server.stop(), o.table.Stop())
}
