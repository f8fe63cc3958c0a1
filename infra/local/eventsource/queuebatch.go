package eventsource

import (
	"bytes"
	"context"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// message is a received message, ready to be sent.
type message struct {
	id, handle string
	event      []byte // one element of the event's Records
}

func (m *message) element() []byte { return m.event }

// collect receives messages until a batch is full or its window is over.
// Messages that no filter lets through are deleted on the way.
func (p *QueuePoller) collect(ctx context.Context) []*message {
	var (
		batch    []*message
		failures int
		end      time.Time
	)
	for ctx.Err() == nil && len(batch) < p.mapping.BatchSize {
		wait := receiveWait
		if len(batch) > 0 {
			if wait = min(wait, time.Until(end)); wait <= 0 {
				break
			}
		}
		received, err := p.options.Queue.ReceiveMessage(ctx, p.mapping.QueueArn, min(receiveMax, p.mapping.BatchSize-len(batch)), wait)
		if err != nil {
			failures++
			p.refused(ctx, "the queue cannot be read; trying again", err, failures)
			continue
		}
		failures = 0
		if len(batch) == 0 {
			end = time.Now().Add(p.mapping.BatchingWindow)
		}
		batch = append(batch, p.filter(ctx, received)...)
	}
	return batch
}

// refused logs an error and waits before the next attempt.
func (p *QueuePoller) refused(ctx context.Context, text string, err error, attempt int) {
	if ctx.Err() != nil {
		return
	}
	pause := p.options.backoff(attempt)
	p.log.Warn(text, "error", err, "pause", pause)
	sleep(ctx, pause)
}

// filter encodes the messages that the mapping wants and deletes the others.
func (p *QueuePoller) filter(ctx context.Context, received []events.SQSMessage) []*message {
	var wanted []*message
	for i := range received {
		m := p.encodeMessage(&received[i])
		if !wants(p.patterns, m.event, received[i].Body) {
			p.delete(ctx, m)
			continue
		}
		wanted = append(wanted, m)
	}
	return wanted
}

// wants reports whether one of the patterns matches a message; see
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html for
// what becomes of bodies of the wrong kind.
func wants(patterns []*Pattern, event []byte, body string) bool {
	if len(patterns) == 0 {
		return true
	}
	v, err := decodeJSON(event)
	object, ok := v.(map[string]any)
	if err != nil || !ok {
		return false
	}
	parsed, isJSON := jsonBody(body)
	for _, p := range patterns {
		object["body"] = body
		if p.body == bodyJSON {
			object["body"] = parsed
		}
		if wrongKind := p.body != bodyIgnored && isJSON != (p.body == bodyJSON); !wrongKind && p.matchValue(object) {
			return true
		}
	}
	return false
}

// jsonBody reads a body that is a JSON object or array; others are plain text.
func jsonBody(body string) (any, bool) {
	trimmed := bytes.TrimLeft([]byte(body), " \t\r\n")
	if len(trimmed) == 0 || trimmed[0] != '{' && trimmed[0] != '[' {
		return nil, false
	}
	v, err := decodeJSON(trimmed)
	return v, err == nil
}

// process sends messages in events of at most 6 MB, one after the other.
func (p *QueuePoller) process(ctx context.Context, messages []*message) {
	for len(messages) > 0 {
		n := fitting(messages, p.mapping.BatchSize)
		p.send(ctx, messages[:n])
		messages = messages[n:]
	}
}

// send invokes the function and deletes what it handled.
func (p *QueuePoller) send(ctx context.Context, batch []*message) {
	payload := frame(batch)
	began := time.Now()
	for refused := 1; ctx.Err() == nil; refused++ {
		answer, functionError, err := p.options.Invoke(ctx, p.mapping.Function, payload)
		if err == nil {
			p.settle(ctx, batch, readOutcome(answer, functionError, p.mapping.ReportBatchItemFailures))
			return
		}
		if time.Since(began)+p.options.backoff(refused) > refusedFor {
			p.log.Warn("the function was not run; its messages go back to the queue", "error", err, "messages", len(batch))
			break
		}
		p.refused(ctx, "the function was not run; trying again", err, refused)
	}
	p.handBack(ctx, batch)
}

// settle deletes the messages that did not fail. A name that is not in the
// batch fails all of it.
func (p *QueuePoller) settle(ctx context.Context, batch []*message, o outcome) {
	failed := map[string]bool{}
	for _, id := range o.failed {
		failed[id] = true
	}
	known := 0
	for _, m := range batch {
		if failed[m.id] {
			known++
		}
	}
	if !o.ok {
		p.log.Debug("a batch failed", "messages", len(batch), "reason", o.reason)
		if len(failed) == 0 || known < len(failed) {
			return
		}
	}
	for _, m := range batch {
		if !failed[m.id] {
			p.delete(ctx, m)
		}
	}
}

// settleFor bounds the calls that are made although ctx has ended.
const settleFor = 5 * time.Second

// delete removes a message, also when ctx ends meanwhile: it has been handled.
func (p *QueuePoller) delete(ctx context.Context, m *message) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleFor)
	defer cancel()
	if err := p.options.Queue.DeleteMessage(ctx, p.mapping.QueueArn, m.handle); err != nil {
		p.log.Warn("a message could not be deleted and will come again", "message", m.id, "error", err)
	}
}

// handBack makes messages receivable again at once.
func (p *QueuePoller) handBack(ctx context.Context, batch []*message) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleFor)
	defer cancel()
	for _, m := range batch {
		if err := p.options.Queue.ChangeVisibility(ctx, p.mapping.QueueArn, m.handle, 0); err != nil {
			p.log.Warn("a message could not be handed back and comes again after its timeout", "message", m.id, "error", err)
		}
	}
}
