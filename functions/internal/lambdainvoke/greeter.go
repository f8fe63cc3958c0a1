package lambdainvoke

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"edgestream/functions/internal/stream"
)

// Greeter invokes the function that posts greetings. It is safe for concurrent use.
type Greeter struct{ function function }

// NewGreeter makes a Greeter that invokes the function with this name or ARN, at
// AWS_ENDPOINT_URL_LAMBDA if that is set.
func NewGreeter(name string, cfg aws.Config) *Greeter { return &Greeter{newFunction(name, cfg)} }

// greetedWithin is how long after it was made a connection may be greeted: for as long as $connect and then
// greet can take, and less than the minute after which Lambda invokes a function again that failed, or died.
const greetedWithin = 45 * time.Second

// Greet queues the greeting. It may arrive more than once: a call whose answer was lost is made
// again. A greeting of over 1 MiB is stream.ErrTooLarge. One that has no NotAfter gets one, so that what
// Lambda brings again when the function has failed closes the connection, and posts nothing twice.
func (g *Greeter) Greet(ctx context.Context, greeting stream.Greeting) error {
	if greeting.NotAfter.IsZero() {
		greeting.NotAfter = greeting.Connection.ConnectedAt.Add(greetedWithin)
	}
	if err := g.function.invoke(ctx, greeting); err != nil {
		return fmt.Errorf("lambdainvoke: greeting: %w", err)
	}
	return nil
}
