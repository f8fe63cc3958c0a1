// Command redrive looks into the failure queue, says of each message what it is and what could be
// done about it, and does that if it is told to.
//
//	go run ./infra/redrive --queue-url URL            looks, and changes nothing
//	go run ./infra/redrive --queue-url URL --apply    publishes again what can be
//	go run ./infra/redrive --queue-url URL --discard  deletes
//
// It knows AWS and nothing of what the functions do: messages as Lambda writes them when it gives
// up (https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html), records of a
// DynamoDB stream that a function has put there itself, and dead letters of another queue.
//
// # What it guarantees
//
//   - A message is deleted only after what it stands for has been done, or is not to be done any more.
//   - A record is brought to the function of its stream as it was. A write to the item, for the stream
//     to bring it, would not do: the record would be a change where it was an insertion, which is
//     another event. Records that were given up keep their ids, so that what knows them repeats little.
//     One that the function has set aside itself gets a new id, made from its own and the message's:
//     a function that has set a record aside need not look at it again.
//   - A record whose item has changed since, or was removed or made again, is not brought: it would
//     bring back the old state, and the newer one has a record of its own. The item is read before, and
//     again after: if it has changed in between, the function is given the newer state too, until it
//     stands still. So what was said last is what the table says.
//   - A dead letter of a FIFO queue goes to that queue's function, as an event with the attributes that it
//     has now, by which the function knows that it was given up.
//   - Messages that it has only looked at can be received again at once.
//   - The last line of --apply says how many were mended and how many came back; the exit status is 1
//     if one came back or could not be done, and 0 if not.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); {
	case err == nil || errors.Is(err, flag.ErrHelp):
	case err == errUnmended: // and nothing else: what came back has been shown
		os.Exit(1)
	default:
		fmt.Fprintln(os.Stderr, "redrive:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, errOut io.Writer) error {
	o, err := parseOptions(args, errOut)
	if err != nil {
		return err
	}
	account, err := connect(ctx, o)
	if err != nil {
		return err
	}
	defer account.http.CloseIdleConnections()
	return (&drive{options: o, account: account, out: out}).run(ctx)
}
