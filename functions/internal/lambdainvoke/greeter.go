package lambdainvoke

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"

	"edgestream/functions/internal/stream"
)

// Greeter invokes the function that posts greetings. It is safe for concurrent use.
type Greeter struct{ function function }

// NewGreeter makes a Greeter that invokes the function with this name or ARN, at
// AWS_ENDPOINT_URL_LAMBDA if that is set.
func NewGreeter(name string, cfg aws.Config) *Greeter { return &Greeter{newFunction(name, cfg)} }

// Greet queues the greeting. It may arrive more than once: a call whose answer was lost is made
// again. A greeting of over 1 MiB is stream.ErrTooLarge.
func (g *Greeter) Greet(ctx context.Context, greeting stream.Greeting) error {
	if err := g.function.invoke(ctx, greeting); err != nil {
		return fmt.Errorf("lambdainvoke: greeting: %w", err)
	}
	return nil
}
