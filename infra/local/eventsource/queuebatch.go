package eventsource

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// message is a received message, ready to be sent.
type message struct {
	id, handle string
	group      string // of a FIFO queue's message
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

// process sends messages in events of at most 6 MB, one after the other. What
// follows a failed message of its group, on a FIFO queue, is not sent.
func (p *QueuePoller) process(ctx context.Context, messages []*message) {
	stuck := map[string]bool{}
	for len(messages) > 0 {
		n := fitting(messages, p.mapping.BatchSize)
		batch := slices.DeleteFunc(messages[:n:n], func(m *message) bool { return m.group != "" && stuck[m.group] })
		messages = messages[n:]
		if len(batch) == 0 {
			continue
		}
		for _, m := range p.send(ctx, batch) {
			stuck[m.group] = true
		}
	}
}

// send invokes the function, deletes what it handled and returns the rest.
func (p *QueuePoller) send(ctx context.Context, batch []*message) (failed []*message) {
	payload := frame(batch)
	began := time.Now()
	for refused := 1; ctx.Err() == nil; refused++ {
		answer, functionError, err := p.options.Invoke(ctx, p.mapping.Function, payload)
		if err == nil {
			return p.settle(ctx, batch, readOutcome(answer, functionError, p.mapping.ReportBatchItemFailures))
		}
		if time.Since(began)+p.options.backoff(refused) > refusedFor {
			p.log.Warn("the function was not run; its messages go back to the queue", "error", err, "messages", len(batch))
			break
		}
		p.refused(ctx, "the function was not run; trying again", err, refused)
	}
	p.handBack(ctx, batch)
	return batch
}

// settle deletes the messages that did not fail and returns those that did. A
// name that is not in the batch fails all of it. On a FIFO queue too a message
// fails only by name: a function must name those that follow in its group.
func (p *QueuePoller) settle(ctx context.Context, batch []*message, o outcome) (failed []*message) {
	named := map[string]bool{}
	for _, id := range o.failed {
		named[id] = true
	}
	var done []*message
	for _, m := range batch {
		if named[m.id] {
			failed = append(failed, m)
		} else {
			done = append(done, m)
		}
	}
	if !o.ok {
		p.log.Debug("a batch failed", "messages", len(batch), "reason", o.reason)
		if len(named) == 0 || len(failed) < len(named) {
			return batch
		}
	}
	for _, m := range done {
		p.delete(ctx, m)
	}
	return failed
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
