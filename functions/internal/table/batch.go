package table

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// ReadsPerBatch is how many keys one call of BatchGet takes at most.
	ReadsPerBatch  = 100
	writesPerBatch = 25
	batchTries     = 6
)

// ErrUnprocessed is what batches end with that are never done.
var ErrUnprocessed = errors.New("DynamoDB leaves keys unprocessed (is the table throttled?)")

// BatchGet calls each with those of up to ReadsPerBatch rows that are there; the reads are consistent.
func (t *Table) BatchGet(ctx context.Context, keys []Item, each func(row Item)) error {
	return t.BatchGetPart(ctx, keys, nil, each)
}

// BatchGetPart is BatchGet of these attributes alone; nil: of all.
func (t *Table) BatchGetPart(ctx context.Context, keys []Item, attributes []string, each func(row Item)) error {
	return drain(ctx, keys, func(keys []Item) ([]Item, error) {
		in := map[string]any{"Keys": keys, "ConsistentRead": true}
		if attributes != nil {
			in["ProjectionExpression"], in["ExpressionAttributeNames"] = Projection(attributes)
		}
		got, err := t.Call(ctx, "BatchGetItem", Parameters{"RequestItems": map[string]any{t.name: in}})
		for _, row := range got.Rows {
			each(row)
		}
		return got.Left, err
	})
}

// DeleteAll deletes rows, which need not be there.
func (t *Table) DeleteAll(ctx context.Context, keys []Item) error {
	return t.writeAll(ctx, keys, "DeleteRequest", "Key")
}

// PutAll writes rows, no two with one key, whatever is there.
func (t *Table) PutAll(ctx context.Context, rows []Item) error {
	return t.writeAll(ctx, rows, "PutRequest", "Item")
}

func (t *Table) writeAll(ctx context.Context, items []Item, request, member string) error {
	g, ctx := errgroup.WithContext(ctx)
	for batch := range slices.Chunk(items, writesPerBatch) {
		g.Go(func() error { return t.writeBatch(ctx, batch, request, member) })
	}
	return g.Wait()
}

func (t *Table) writeBatch(ctx context.Context, items []Item, request, member string) error {
	return drain(ctx, items, func(items []Item) ([]Item, error) {
		requests := make([]map[string]any, len(items))
		for i, item := range items {
			requests[i] = map[string]any{request: map[string]any{member: item}}
		}
		got, err := t.Call(ctx, "BatchWriteItem", Parameters{"RequestItems": map[string]any{t.name: requests}})
		return got.Left, err
	})
}

// drain calls batch with the keys that are left, until none is. Keys are left by a throttled
// table, so it waits longer each time, with full jitter.
func drain(ctx context.Context, keys []Item, batch func([]Item) ([]Item, error)) error {
	for try := range batchTries {
		left, err := batch(keys)
		if err != nil || len(left) == 0 {
			return err
		}
		keys = left
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(rand.N(25 * time.Millisecond << try)):
		}
	}
	return fmt.Errorf("%d keys: %w", len(keys), ErrUnprocessed)
}

// Projection is an expression for the attributes, of which any may be one of DynamoDB's
// reserved words, with the names that it uses.
func Projection(attributes []string) (projection string, names map[string]string) {
	names = make(map[string]string, len(attributes))
	for _, name := range attributes {
		names["#"+name] = name
	}
	return "#" + strings.Join(attributes, ", #"), names
}

// Parallel runs all tasks side by side and returns their errors. Their number is small.
func Parallel(ctx context.Context, tasks []func(context.Context) error) error {
	errs := make([]error, len(tasks))
	var wg sync.WaitGroup
	for i, task := range tasks[1:] {
		wg.Go(func() { errs[i+1] = task(ctx) })
	}
	errs[0] = tasks[0](ctx)
	wg.Wait()
	return errors.Join(errs...)
}
