// Command local runs a SAM template on one machine: API Gateway WebSocket, Lambda and its function
// URLs, DynamoDB with its streams, SQS, schedules and a CloudFront edge, with nothing but Go.
//
//	go run ./infra/local
//
// It knows AWS and nothing of what the functions do: which functions, routes, tables, queues
// and paths there are is read from the template, so a change there needs none here. What a
// function is told of the world (names, addresses, limits) is what the template's Environment
// says, with AWS's host names replaced by this machine's.
//
// The parts are packages of their own below this folder, each with the rules of the service
// that it stands for: template, lambda, functionurl, apigateway, cloudfront, dynamodb, eventsource, schedule, sqs.
// This package connects them, prints the first screen and takes everything down again.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := execute(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "local:", oneLine(err))
		os.Exit(1)
	}
}

func execute(ctx context.Context, args []string) error {
	if known, err := runCommand(ctx, args, os.Stdin, os.Stdout, os.Stderr); known {
		return err
	}
	opts, err := parseOptions(args, os.Stderr)
	if err != nil {
		return err
	}
	return run(ctx, opts, os.Stdout)
}
