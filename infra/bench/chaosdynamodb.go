package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"edgestream/infra/stack"
)

// localDatabase is a DynamoDB Local in a process of its own, which keeps its tables and their streams
// in a file and can be killed at any moment.
type localDatabase struct {
	url string

	home, port, dir string
	process         *exec.Cmd
}

// startLocalDatabase starts the one whose libraries are in the folder lib of home, and waits until it
// answers.
func startLocalDatabase(ctx context.Context, home string) (*localDatabase, error) {
	if found, _ := filepath.Glob(filepath.Join(home, "lib", "DynamoDBLocal-*.jar")); len(found) == 0 {
		return nil, fmt.Errorf("there is no DynamoDB Local in %s: ./infra/test go-dynamodb-local fetches one into .cache", filepath.Join(home, "lib"))
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := free.Addr().String()
	free.Close()
	d := &localDatabase{url: "http://" + address, home: home}
	_, d.port, _ = net.SplitHostPort(address)
	if d.dir, err = os.MkdirTemp("", "edgestream-dynamodb-"); err != nil {
		return nil, err
	}
	if err := d.start(ctx); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

// start starts the process and waits until it answers.
func (d *localDatabase) start(ctx context.Context) error {
	lib := filepath.Join(d.home, "lib")
	d.process = exec.Command("java", "-Djava.library.path="+lib, "-cp", filepath.Join(lib, "*"),
		"com.amazonaws.services.dynamodbv2.local.main.ServerRunner", "-sharedDb", "-dbPath", d.dir, "-disableTelemetry", "-port", d.port)
	stack.SetApart(d.process)
	if err := d.process.Start(); err != nil {
		return fmt.Errorf("starting DynamoDB Local: %w", err)
	}
	return poll(context.WithoutCancel(ctx), func() string {
		asking, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if _, err := client(d.url).ListTables(asking, &dynamodb.ListTablesInput{}); err != nil && ctx.Err() == nil {
			return fmt.Sprintf("DynamoDB Local does not answer: %v", err)
		}
		return ""
	})
}

// kill ends the process as a crash does.
func (d *localDatabase) kill() {
	d.process.Process.Kill()
	d.process.Wait() // its status is that it was killed
}

func (d *localDatabase) close() {
	if d.process != nil && d.process.Process != nil {
		d.kill()
	}
	os.RemoveAll(d.dir)
}
