package main

import (
	"context"
	"edgestream/infra/stack"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/coder/websocket"
	"golang.org/x/sync/errgroup"
)

// silence is how long a socket waits for its next frame before what is missing counts as lost.
const silence = 20 * time.Second

// crowd is the sockets that listen, and one frame of those that they got.
type crowd struct {
	sockets []*websocket.Conn
	sample  []byte
}

// outcome is what arrived.
type outcome struct {
	delivered, lost, disorder int
	took                      time.Duration
	latency                   *hdrhistogram.Histogram // microseconds
}

func newOutcome() outcome { return outcome{latency: hdrhistogram.New(1, 120_000_000, 3)} }

func (o *outcome) add(other outcome) {
	o.delivered += other.delivered
	o.lost += other.lost
	o.disorder += other.disorder
	o.latency.Merge(other.latency)
}

func (o outcome) rate() float64 { return float64(o.delivered) / o.took.Seconds() }

func (o outcome) millis(percentile float64) string {
	return fmt.Sprintf("%.1f", float64(o.latency.ValueAtPercentile(percentile))/1000)
}

func (o outcome) verdict() error {
	if o.lost+o.disorder > 0 {
		return fmt.Errorf("%d frames lost, %d out of order or twice", o.lost, o.disorder)
	}
	return nil
}

// gather opens n sockets, a few at a time, spread over as many accounts as their limit needs.
func gather(ctx context.Context, l *stack.Stack, n int) (*crowd, error) {
	if err := putTokens(ctx, l, n); err != nil {
		return nil, err
	}
	return dialAll(ctx, n, func(i int) string {
		return strings.Replace(l.Edge, "http", "ws", 1) + fmt.Sprintf("/api/v1/streaming?stream=public&access_token=bench%d", i)
	})
}

func dialAll(ctx context.Context, n int, url func(i int) string) (*crowd, error) {
	c := &crowd{sockets: make([]*websocket.Conn, n)}
	var group errgroup.Group
	group.SetLimit(32)
	shown := time.Now()
	for i := range n {
		if time.Since(shown) > 2*time.Second {
			fmt.Fprintf(os.Stderr, "%d of %d sockets\n", i, n)
			shown = time.Now()
		}
		group.Go(func() (err error) {
			c.sockets[i], _, err = websocket.Dial(ctx, url(i), &websocket.DialOptions{CompressionMode: websocket.CompressionDisabled})
			if err == nil {
				c.sockets[i].SetReadLimit(1 << 20)
			}
			return err
		})
	}
	return c, group.Wait()
}

func (c *crowd) leave() {
	var group errgroup.Group
	group.SetLimit(64)
	for _, s := range c.sockets {
		group.Go(s.CloseNow)
	}
	group.Wait()
}

// putTokens gives every socket a token of an account of its own.
func putTokens(ctx context.Context, l *stack.Stack, n int) error {
	db := client(l.DynamoDB)
	var group errgroup.Group
	group.SetLimit(16)
	for i := range n {
		group.Go(func() error {
			return putItem(ctx, db, "Accounts", map[string]types.AttributeValue{
				"key": text("token#" + hash(fmt.Sprintf("bench%d", i))), "account": text(fmt.Sprintf("bench-%d", i)), "scopes": texts("read")})
		})
	}
	return group.Wait()
}

// oneByOne writes statuses, each when everyone has the one before: what is measured is a delivery,
// not a queue.
func (c *crowd) oneByOne(ctx context.Context, l *stack.Stack, events int) (outcome, error) {
	total := newOutcome()
	for i := range events {
		o, err := c.publish(ctx, l, i, 1)
		if err != nil {
			return total, err
		}
		total.add(o)
		total.took += o.took
	}
	return total, nil
}

// publish writes statuses from the number first on, and follows every socket until it has them all.
func (c *crowd) publish(ctx context.Context, l *stack.Stack, first, events int) (outcome, error) {
	sent := make([]time.Time, events)
	var mu sync.Mutex
	sentAt := func(i int) time.Time {
		mu.Lock()
		defer mu.Unlock()
		return sent[i-first]
	}
	began := time.Now()
	var writing errgroup.Group
	writing.Go(func() error {
		db := client(l.DynamoDB)
		for i := range events {
			mu.Lock()
			sent[i] = time.Now()
			mu.Unlock()
			if err := putItem(ctx, db, "Content", statusItem(first+i)); err != nil {
				return err
			}
		}
		return nil
	})
	o := c.follow(ctx, first, events, sentAt)
	o.took = time.Since(began)
	return o, writing.Wait()
}

// follow reads every socket until each has its events, or falls silent.
func (c *crowd) follow(ctx context.Context, first, events int, sentAt func(i int) time.Time) outcome {
	total := newOutcome()
	var mu sync.Mutex
	var reading sync.WaitGroup
	for _, s := range c.sockets {
		reading.Go(func() {
			one, sample := followOne(ctx, s, first, events, sentAt)
			mu.Lock()
			defer mu.Unlock()
			total.add(one)
			c.sample = sample
		})
	}
	reading.Wait()
	return total
}

func followOne(ctx context.Context, s *websocket.Conn, first, events int, sentAt func(i int) time.Time) (outcome, []byte) {
	o := newOutcome()
	var frame []byte
	for next := first; o.delivered < events; {
		ctx, cancel := context.WithTimeout(ctx, silence)
		_, read, err := s.Read(ctx)
		cancel()
		if err != nil {
			o.lost = events - o.delivered
			return o, frame
		}
		frame = read
		i := eventNumber(frame)
		if i != next {
			o.disorder++
		}
		next = i + 1
		o.delivered++
		if i >= first && i < first+events {
			o.latency.RecordValue(max(1, time.Since(sentAt(i)).Microseconds()))
		}
	}
	return o, frame
}

// eventNumber is the number of the status in a frame, or -1.
func eventNumber(frame []byte) int {
	var f struct{ Payload string }
	var status struct{ ID string }
	if json.Unmarshal(frame, &f) != nil || json.Unmarshal([]byte(f.Payload), &status) != nil {
		return -1
	}
	var i int
	if n, _ := fmt.Sscan(status.ID, &i); n != 1 {
		return -1
	}
	return i
}

func statusItem(i int) map[string]types.AttributeValue {
	payload := fmt.Sprintf(`{"id":"%d","visibility":"public","created_at":"2026-01-01T00:00:00.000Z","content":"<p>%s</p>","account":{"id":"1","acct":"alice"},"mentions":[],"tags":[],"media_attachments":[]}`,
		i, strings.Repeat("Edgestream ", 60))
	return map[string]types.AttributeValue{"owner": text("1"), "id": text(fmt.Sprintf("status#%d", i)), "kind": text("status"), "payload": text(payload)}
}

// bareFanout is the same crowd at a server that does nothing but write the frame to everyone.
func bareFanout(ctx context.Context, sockets, events int, frame []byte) (outcome, error) {
	var mu sync.Mutex
	var joined []*websocket.Conn
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		mu.Lock()
		joined = append(joined, s)
		mu.Unlock()
		s.CloseRead(ctx)
		<-ctx.Done()
	}))
	ctx, cancel := context.WithCancel(ctx)
	defer server.Close()
	defer cancel()
	c, err := dialAll(ctx, sockets, func(int) string { return strings.Replace(server.URL, "http", "ws", 1) })
	if err != nil {
		return outcome{}, err
	}
	defer c.leave()
	began := time.Now()
	go broadcast(ctx, joined, events, frame)
	o := c.count(ctx, events)
	o.took = time.Since(began)
	return o, nil
}

func broadcast(ctx context.Context, sockets []*websocket.Conn, events int, frame []byte) {
	var group errgroup.Group
	for _, s := range sockets {
		group.Go(func() error {
			for range events {
				if err := s.Write(ctx, websocket.MessageText, frame); err != nil {
					return err
				}
			}
			return nil
		})
	}
	group.Wait()
}

// count reads events frames on every socket, whatever they say.
func (c *crowd) count(ctx context.Context, events int) outcome {
	total := newOutcome()
	began := time.Now()
	var mu sync.Mutex
	var reading sync.WaitGroup
	for _, s := range c.sockets {
		reading.Go(func() {
			got := 0
			for got < events {
				if _, _, err := s.Read(ctx); err != nil {
					break
				}
				got++
			}
			mu.Lock()
			defer mu.Unlock()
			total.delivered += got
			total.lost += events - got
			total.latency.RecordValue(max(1, time.Since(began).Microseconds()))
		})
	}
	reading.Wait()
	return total
}

func client(endpoint string) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{Region: "us-east-1", BaseEndpoint: &endpoint,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
		})})
}

func putItem(ctx context.Context, db *dynamodb.Client, table string, item map[string]types.AttributeValue) error {
	_, err := db.PutItem(ctx, &dynamodb.PutItemInput{TableName: &table, Item: item})
	return err
}
