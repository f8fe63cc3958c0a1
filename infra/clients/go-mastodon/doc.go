// Package gomastodon lets https://github.com/mattn/go-mastodon listen to the local runner.
//
// It holds tests alone, and is a module of its own so that the library stays out of what is
// deployed. They need a runner: `infra/clients/test` starts one, and so does
//
//	node ../harness/runner.js go test ./...
//
// Every stream that the library knows is opened as it does it, over both transports: one socket per
// stream, the token and the stream in the query; and one response per stream, at the host that
// the instance names. What it hands on is compared with what was written.
package gomastodon
