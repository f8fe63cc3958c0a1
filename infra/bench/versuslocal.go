package main

import (
	"context"
	"net/http"
	"os/exec"
	"runtime"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"edgestream/infra/stack"
)

// localProgram is infra/local, built when first needed.
type localProgram struct{ built *stack.Program }

func (p *localProgram) start(ctx context.Context, flags ...string) (*stack.Stack, error) {
	return p.built.Start(ctx, append(flags, quiet...)...)
}

func (p *localProgram) build(ctx context.Context) (err error) {
	if p.built == nil {
		p.built, err = stack.Build(ctx, ".")
	}
	return err
}

func (p *localProgram) remove() {
	if p.built != nil {
		p.built.Remove()
	}
}

// mastodon prepares Edgestream with the protocol of Mastodon.
func (p *localProgram) mastodon(ctx context.Context, f versusFlags) (starter, string, error) {
	start := func(ctx context.Context) (rival, error) {
		l, err := p.start(ctx, "--stream-poll", f.poll.String())
		if err != nil {
			return nil, err
		}
		r := streamed{l, client(l.DynamoDB), people{"bench", f.sockets}}
		if err := r.everyone.register(ctx, r.db); err != nil {
			l.Stop()
			return nil, err
		}
		return r, nil
	}
	return start, edgestreamVersion(ctx), p.build(ctx)
}

// streamed is Edgestream with listeners to public.
type streamed struct {
	local    *stack.Stack
	db       *dynamodb.Client
	everyone people
}

// join is at API Gateway itself: serverless-offline has no CloudFront before it either.
func (s streamed) join(ctx context.Context, i int) (listener, error) {
	return dialOne(ctx, s.local.WebSocket+"?stream=public&access_token="+s.everyone.token(i))
}

func (s streamed) write(ctx context.Context, event int) error {
	return putItem(ctx, s.db, "Content", statusItem(event))
}

func (s streamed) usage() (cpu, memory float64) { return s.local.Usage() }
func (s streamed) stop() error                  { return s.local.Stop() }

// channels prepares Edgestream with the Channels protocol.
func (p *localProgram) channels(ctx context.Context, f versusFlags) (starter, string, error) {
	start := func(ctx context.Context) (rival, error) {
		l, err := p.start(ctx, "--stream-poll", f.poll.String())
		if err != nil {
			return nil, err
		}
		if err := benchApp.register(ctx, client(l.DynamoDB)); err != nil {
			l.Stop()
			return nil, err
		}
		return &channelled{host: l.Edge, http: patientClient(), takes: l.Usage, ends: l.Stop}, nil
	}
	return start, edgestreamVersion(ctx), p.build(ctx)
}

// channelled is a server of the Channels protocol.
type channelled struct {
	host string
	http *http.Client
	// takes and ends are usage and stop.
	takes func() (cpu, memory float64)
	ends  func() error
}

// versusChannel is the channel that everyone is subscribed to.
const versusChannel = "bench"

func (c *channelled) join(ctx context.Context, _ int) (listener, error) {
	s, _, err := benchApp.connectTo(ctx, c.host)
	if err != nil {
		return nil, err
	}
	return channelListener{s}, s.subscribe(ctx, benchApp, versusChannel, "")
}

func (c *channelled) write(ctx context.Context, event int) error {
	body, err := encodeEvent(event, versusChannel)
	if err != nil {
		return err
	}
	_, err = benchApp.ask(ctx, c.http, c.host, "/events", body)
	return err
}

func (c *channelled) usage() (cpu, memory float64) { return c.takes() }

func (c *channelled) stop() error {
	c.http.CloseIdleConnections()
	return c.ends()
}

// channelListener is a subscriber to a channel whose events carry statuses.
type channelListener struct{ *subscriber }

// edgestreamVersion is the commit that is measured.
func edgestreamVersion(ctx context.Context) string {
	commit, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return runtime.Version()
	}
	return strings.TrimSpace(string(commit)) + ", " + runtime.Version()
}
