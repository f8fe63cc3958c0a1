package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	sockudoVersion = "5.2.0"
	sockudoFolder  = cacheFolder + "/sockudo-" + sockudoVersion
)

// prepareSockudo builds it from crates.io as anyone would, once.
func prepareSockudo(ctx context.Context, _ versusFlags) (starter, string, error) {
	path, err := filepath.Abs(filepath.Join(sockudoFolder, "bin", "sockudo"))
	if err != nil {
		return nil, "", err
	}
	if _, err := os.Stat(path); err != nil {
		if err := installSockudo(ctx); err != nil {
			return nil, "", err
		}
	}
	compiler := "of crates.io"
	if printed, err := exec.CommandContext(ctx, "rustc", "--version").Output(); err == nil {
		compiler = strings.TrimSpace(string(printed))
	}
	start := func(ctx context.Context) (rival, error) { return startSockudo(ctx, path) }
	return start, sockudoVersion + ", default features, " + compiler, nil
}

// installSockudo compiles it. What is done of that is kept for the next time if it is interrupted.
func installSockudo(ctx context.Context) error {
	if err := canCompile(); err != nil {
		return err
	}
	target := filepath.Join(sockudoFolder, "target") // a gigabyte
	build := nice(ctx, "cargo", "install", "sockudo", "--version", sockudoVersion, "--locked", "--root", sockudoFolder)
	build.Env = append(os.Environ(), "CARGO_TARGET_DIR="+target)
	if err := fetch(ctx, "Sockudo", build, "cargo-"+sockudoID); err != nil {
		return err
	}
	return os.RemoveAll(target)
}

// canCompile says before half an hour of compiling what it would end with.
func canCompile() error {
	if os.Getenv("PROTOC") == "" {
		if _, err := exec.LookPath("protoc"); err != nil {
			return fmt.Errorf("a dependency needs it, Debian's package is protobuf-compiler: %w", err)
		}
	}
	_, err := exec.LookPath("cargo")
	return err
}

// startSockudo starts it with one app and with its limits of rate and number out of the way.
// https://crates.io/crates/sockudo
func startSockudo(ctx context.Context, path string) (rival, error) {
	ports, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(path)
	cmd.Dir = sockudoFolder // where there is no configuration
	cmd.Env = append(os.Environ(), "HOST=127.0.0.1", "PORT="+ports[0], "METRICS_ENABLED=false", "RATE_LIMITER_ENABLED=false", "RUST_LOG=warn",
		"SOCKUDO_DEFAULT_APP_ID="+benchApp.id, "SOCKUDO_DEFAULT_APP_KEY="+benchApp.key, "SOCKUDO_DEFAULT_APP_SECRET="+benchApp.secret,
		"SOCKUDO_DEFAULT_APP_MAX_CONNECTIONS=1000000", "SOCKUDO_DEFAULT_APP_MAX_BACKEND_EVENTS_PER_SECOND=1000000")
	host := "http://127.0.0.1:" + ports[0]
	server, err := startChild(ctx, cmd, sockudoID, host+"/live")
	if err != nil {
		return nil, err
	}
	return &channelled{host: host, http: patientClient(), takes: server.usage, ends: server.stop}, nil
}
