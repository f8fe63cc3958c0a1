// Package lambda runs AWS Lambda functions written in Go on one machine.
//
// Each function is built with go build and its real program runs as a child process that talks
// to a Lambda Runtime API of this package, as it would on AWS. What the package guarantees:
//
//   - An instance, which is one process, handles one invocation at a time. More instances start as load grows, up
//     to Options.Concurrency or Function.Concurrency; past it invocations wait their turn, because this
//     limit is the machine's and not Lambda's. ReservedConcurrency is Lambda's: past it the
//     answer is ErrThrottled.
//   - The instance used last is used first, so that a quiet function keeps one warm instance.
//   - Every invocation is answered: a crash, a timeout, an init that fails or never ends, and a
//     response that is too large are answered with the error that Lambda sends.
//   - A log line carries the request id of the invocation that wrote it.
//   - No process stays behind, also when the runner itself is killed (Linux).
//
// What differs from AWS, knowingly: memory is not limited, idle instances are not frozen, and an
// init that takes longer than ten seconds is not started a second time but goes on at the
// expense of the function's timeout.
//
// The contract followed is https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html and
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html.
//
// # Step debugging
//
// A function named in Options.External is not started: a person starts it, in a debugger. The
// Runtime API waits for it at a fixed address, and ExternalEnv lists the environment to give it:
//
//	env $(…the lines of ExternalEnv…) dlv debug ./functions/connect
//
// Invocations wait until the program asks for one, no timeout is enforced, and the program can be
// stopped and started again at any time: an invocation that it leaves unanswered is answered with
// Runtime.ExitError as soon as the next program asks for work.
package lambda
