package lambdainvoke

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"

	"edgestream/functions/internal/stream"
)

// Replayer invokes the function that runs replays. It is safe for concurrent use.
type Replayer struct{ function function }

// NewReplayer makes a Replayer that invokes the function with this name or ARN, at
// AWS_ENDPOINT_URL_LAMBDA if that is set.
func NewReplayer(name string, cfg aws.Config) *Replayer { return &Replayer{newFunction(name, cfg)} }

// Replay queues the replay. It may be run more than once: a call whose answer was lost is made
// again.
func (p *Replayer) Replay(ctx context.Context, r stream.Replay) error {
	if err := p.function.invoke(ctx, r); err != nil {
		return fmt.Errorf("lambdainvoke: replay: %w", err)
	}
	return nil
}
