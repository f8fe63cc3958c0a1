package main

import (
	"flag"
	"fmt"
	"io"
	"strings"

	"edgestream/infra/arguments"
)

const usage = `Looks into a failure queue, says what each message is and what could be done about it.
Nothing is changed unless you say --apply or --discard.

  go run ./infra/redrive --queue-url URL                   look: what is there, and what --apply would do
  go run ./infra/redrive --queue-url URL --apply           do it
  go run ./infra/redrive --queue-url URL --apply --id 4f2  do it for the messages whose ids begin so
  go run ./infra/redrive --queue-url URL --discard --reason 'no kind'
                                                           delete those whose reason has these words

The queue's URL is the stack's output FailureQueueUrl:

  aws cloudformation describe-stacks --stack-name NAME --output text \
    --query "Stacks[0].Outputs[?OutputKey=='FailureQueueUrl'].OutputValue"

Credentials and region are found as the AWS CLI finds them. Of the local runner, whose first screen has
the queue's URL, nothing else need be said: where a queue is on this machine, the other services are too.

  go run ./infra/redrive --queue-url http://127.0.0.1:3001/123456789012/FailureQueue

What there can be:

  a record         of a table's stream, with the reason why it did not fit. If the item still is what
                   the record says, --apply gives it to the function again: it fits only if the
                   functions have been mended since, and otherwise comes back to the queue. Mending the
                   item itself needs no redrive: that write is published by itself, and --apply then
                   deletes the message.
  given up         records that a function has failed too often, in an outage say. Their message has only
                   their place in the stream, from where they are read (for 24 hours). Those whose items
                   are as they were are given to the function again, in their order.
  a dead letter    of another queue. --apply sends it there again; not to a FIFO queue, whose order it
                   would break. That queue's function is shown it, so that it lets go of what it keeps for
                   the message, which is then deleted. Of such a queue's dead letters at most ten of a group
                   are seen at a time.
  an invocation    that failed for good, such as frames for a connection that was opening. Its moment has
                   passed: it can only be discarded.

The last line of --apply says "N mended, M came back". The exit status is 1 if a message came back or could
not be done.

Needed: sqs:ReceiveMessage, DeleteMessage, ChangeMessageVisibility, GetQueueUrl and SendMessage,
dynamodb:GetItem, GetShardIterator and GetRecords, lambda:InvokeFunction and ListEventSourceMappings.

`

// options are the command line's.
type options struct {
	queueURL, endpoint, region, function string
	ids, reasons                         []string
	apply, discard                       bool
	most, wait                           int
}

func parseOptions(args []string, out io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("redrive", flag.ContinueOnError)
	fs.StringVar(&o.queueURL, "queue-url", "", "`URL` of the failure queue")
	fs.StringVar(&o.endpoint, "endpoint-url", "", "`URL` where SQS, DynamoDB and Lambda answer, if not on AWS, nor where a queue's URL of this machine says; AWS_ENDPOINT_URL_SQS, _DYNAMODB, _DYNAMODB_STREAMS and _LAMBDA say it for one")
	fs.StringVar(&o.region, "region", "", "the queue's `region`; default: what its URL or the environment says")
	fs.StringVar(&o.function, "function", "", "`name` of the function that gets the records; default: the one that reads their stream")
	fs.BoolVar(&o.apply, "apply", false, "do what is shown")
	fs.BoolVar(&o.discard, "discard", false, "delete the messages, whatever they are")
	fs.IntVar(&o.most, "most", 1000, "look at so many messages")
	fs.IntVar(&o.wait, "wait", 1, "wait so many `seconds` for more messages, twice")
	fs.Func("id", "only messages whose ids begin so; may be repeated", appendTo(&o.ids))
	fs.Func("reason", "only messages whose reason has this `text`; may be repeated", appendTo(&o.reasons))
	if err := arguments.Parse(fs, args, out, usage); err != nil {
		return o, err
	}
	return o, o.check(fs.Args())
}

func appendTo(list *[]string) func(string) error {
	return func(s string) error {
		*list = append(*list, s)
		return nil
	}
}

func (o *options) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unknown argument %q; --help says more", rest[0])
	case o.queueURL == "":
		return fmt.Errorf("--queue-url is missing: the stack's output FailureQueueUrl; --help says more")
	case o.apply && o.discard:
		return fmt.Errorf("--apply and --discard: one of them")
	case o.most < 1:
		return fmt.Errorf("--most %d: want 1 or more", o.most)
	case o.wait < 0 || o.wait > 20:
		return fmt.Errorf("--wait %d: want 0 to 20", o.wait)
	case !strings.HasPrefix(o.queueURL, "https://") && !strings.HasPrefix(o.queueURL, "http://"):
		return fmt.Errorf("--queue-url %s: want the queue's URL, such as the stack's output FailureQueueUrl; --help says more", o.queueURL)
	}
	return nil
}

// wants reports whether the flags choose the message.
func (o *options) wants(m *message) bool {
	return oneOf(o.ids, func(id string) bool { return strings.HasPrefix(m.id, id) }) &&
		oneOf(o.reasons, func(words string) bool { return strings.Contains(m.reason, words) })
}

// oneOf reports whether one of them holds, or there are none.
func oneOf(list []string, holds func(string) bool) bool {
	for _, s := range list {
		if holds(s) {
			return true
		}
	}
	return len(list) == 0
}
