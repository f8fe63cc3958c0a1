// Package pusherhttpgo lets https://github.com/pusher/pusher-http-go publish to the local runner.
//
// It holds tests alone, and is a module of its own so that the library stays out of what is
// deployed. They need a runner: `infra/clients/test` starts one, and so does
//
//	node ../harness/runner.js go test ./...
//
// Every call that the library knows is made as an application's server makes it; a plain socket hears
// what it publishes and shows what it has signed.
package pusherhttpgo
