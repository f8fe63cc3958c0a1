package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"edgestream/infra/local/apigateway"
	"edgestream/infra/local/cloudfront"
	"edgestream/infra/local/cloudwatch"
	"edgestream/infra/local/dynamodb"
	"edgestream/infra/local/lambda"
	"edgestream/infra/local/sqs"
	"edgestream/infra/local/template"
)

// grace is how long taking everything down may take before what is left is cut off.
const grace = 5 * time.Second

// runner is everything that one template becomes on this machine.
type runner struct {
	opts  options
	log   *logger
	stack *template.Stack
	names *hostNames

	edge, api, tables *server // tables is nil unless the engine is embedded

	engine    *dynamodb.Engine
	database  *database
	queues    *sqs.Service
	functions *lambda.Service
	sockets   *apigateway.Server
	front     *cloudfront.Edge
	pollers   *pollers
	metrics   *cloudwatch.Store
	demo      bool
	started   time.Time

	life context.Context // ends when everything is taken down
	end  context.CancelFunc
}

// run starts the template, says so on out, and takes it down again when ctx ends.
func run(ctx context.Context, opts options, out io.Writer) error {
	r := newRunner(opts, out)
	defer r.close()
	if err := r.start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // told to end before it was ready
		}
		return err
	}
	r.firstScreen(out)
	r.live(ctx, out)
	<-ctx.Done()
	return nil
}

// newRunner has nothing running yet. It is to be closed all the same.
func newRunner(opts options, out io.Writer) *runner {
	r := &runner{opts: opts, log: newLogger(opts.log, out), started: time.Now()}
	r.metrics = cloudwatch.New(r.gauges)
	r.life, r.end = context.WithCancel(context.Background())
	return r
}

// start goes from the outside in and serves the edge last: what answers there is ready.
func (r *runner) start(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		r.load, r.listen, r.startDatabase, r.startQueues, r.startFunctions, r.putDemo, r.startSockets, r.startPollers, r.startEdge,
	} {
		if err := step(ctx); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

func (r *runner) load(context.Context) (err error) {
	if r.stack, err = r.loadStack(); err != nil {
		return err
	}
	if err := r.checkDebugged(); err != nil {
		return err
	}
	return checkStack(r.stack)
}

// loadStack reads the template, and again with what other flags say, and a demonstration sets and
// nobody has said.
func (r *runner) loadStack() (*template.Stack, error) {
	s, err := template.Load(r.opts.template, template.Options{Parameters: r.opts.parameters})
	if err != nil {
		return nil, err
	}
	again, err := r.setSource(s)
	if err != nil {
		return nil, err
	}
	if r.opts.demo && r.setDemoParameters(s) {
		again = true
	}
	if !again {
		return s, nil
	}
	return template.Load(r.opts.template, template.Options{Parameters: r.opts.parameters})
}

func (r *runner) checkDebugged() error {
	for id := range r.opts.debug {
		if !slices.ContainsFunc(r.stack.Functions, func(f template.Function) bool { return f.Name == id }) {
			return fmt.Errorf("--debug %s: the template has no such function", id)
		}
	}
	return nil
}

// checkStack refuses what this program has only one address for.
func checkStack(s *template.Stack) error {
	if len(s.WebSocketAPIs) > 1 {
		return fmt.Errorf("%s: %d WebSocket APIs; this runner serves one", s.Path, len(s.WebSocketAPIs))
	}
	if len(s.Distributions) > 1 {
		return fmt.Errorf("%s: %d distributions; this runner serves one", s.Path, len(s.Distributions))
	}
	return nil
}

func (r *runner) listen(context.Context) (err error) {
	if r.edge, err = listen("edge", "listen", r.opts.listen); err != nil {
		return err
	}
	if r.api, err = listen("API Gateway", "api", r.opts.api); err != nil {
		return err
	}
	if r.opts.dynamodb == embedded {
		r.tables, err = listen("DynamoDB", "dynamodb-listen", r.opts.dynamodbListen)
	}
	r.names = newHostNames(r.stack, r.api.url(), r.opts.callbacks)
	return err
}

func (r *runner) startDatabase(ctx context.Context) (err error) {
	url := r.opts.dynamodb
	if r.tables != nil {
		r.engine = dynamodb.New(dynamodb.Options{Region: r.stack.Region, AccountID: r.stack.AccountID})
		r.tables.serve(r.engine)
		url = r.tables.url()
	}
	r.database = newDatabase(url, r.stack.Region)
	if err := r.database.ensure(ctx, r.stack.Tables); err != nil {
		return err
	}
	return r.makeSource(ctx)
}

// putDemo puts the demo rows in once everything is built: records that wait for a compiler would be old.
func (r *runner) putDemo(ctx context.Context) (err error) {
	if r.opts.demo {
		r.demo, err = loadDemo(ctx, r.database, r.stack.Tables)
	}
	return err
}

func (r *runner) startQueues(context.Context) error {
	r.queues = sqs.New(sqs.Options{Region: r.stack.Region, AccountID: r.stack.AccountID, BaseURL: r.api.url()})
	for _, q := range r.stack.Queues {
		if _, err := r.queues.EnsureQueue(q.Name, queueAttributes(q)); err != nil {
			return fmt.Errorf("queue %s: %w", q.Name, err)
		}
	}
	return nil
}

func (r *runner) startFunctions(ctx context.Context) (err error) {
	root, err := r.moduleRoot()
	if err != nil {
		return err
	}
	r.functions, err = lambda.New(lambda.Options{
		Root: root, CacheDir: filepath.Join(root, ".cache", "local"), Region: r.stack.Region, AccountID: r.stack.AccountID,
		Concurrency: r.opts.concurrency, External: r.opts.debug, Env: r.surroundings(),
		RetryDelays: []time.Duration{r.opts.retryDelay},
		Log:         r.functionLine, Logger: r.log.operator(), OnInvocation: r.invocation, OnRebuild: r.log.rebuilt,
		Destination: r.deliver,
	}, r.lambdaFunctions())
	if err != nil {
		return err
	}
	if n := len(r.stack.Functions) - len(r.opts.debug); n > 0 {
		r.log.building(n)
	}
	if err := r.functions.Build(ctx, r.log.built); err != nil {
		return err
	}
	go r.watchTemplate(ctx)
	go func() {
		if err := r.functions.Watch(ctx); err != nil && ctx.Err() == nil {
			r.log.operator().Error("source changes are not seen any more", "error", err)
		}
	}()
	return nil
}

// moduleRoot is the folder of the go.mod that the functions belong to.
func (r *runner) moduleRoot() (string, error) {
	if len(r.stack.Functions) == 0 {
		return filepath.Dir(r.stack.Path), nil
	}
	code := r.stack.Functions[0].CodeURI
	for dir := code; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("function %s: there is no go.mod in %s or above it", r.stack.Functions[0].Name, code)
		}
	}
}

// surroundings are the variables by which AWS's SDKs find a service somewhere else,
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html, and the one by which a
// function knows that it does not run on AWS, which the SAM CLI sets too.
func (r *runner) surroundings() map[string]string {
	return map[string]string{
		"AWS_SAM_LOCAL":                     "true",
		"AWS_ENDPOINT_URL_DYNAMODB":         r.database.url,
		"AWS_ENDPOINT_URL_DYNAMODB_STREAMS": r.database.url,
		"AWS_ENDPOINT_URL_LAMBDA":           r.api.url(),
		"AWS_ENDPOINT_URL_SQS":              r.api.url(),
	}
}

func (r *runner) startSockets(context.Context) (err error) {
	if len(r.stack.WebSocketAPIs) == 1 {
		r.sockets, err = apigateway.New(apiOf(r.stack.WebSocketAPIs[0]), apigateway.Options{
			Invoke: r.invoke, Region: r.stack.Region, AccountID: r.stack.AccountID, DomainName: r.api.address(),
			IdleTimeout: r.opts.idleTimeout, MaxDuration: r.opts.maxDuration, IntegrationTimeout: r.opts.integrationTimeout,
			ShuffleMessages: r.opts.shuffle != 0, ShuffleSeed: r.opts.shuffle, Logger: r.log.operator(),
		})
	}
	r.api.serve(r.apiHandler())
	return err
}

func (r *runner) startEdge(context.Context) (err error) {
	if len(r.stack.Distributions) == 0 {
		r.edge.serve(r.withMetrics(http.NotFoundHandler()))
		return nil
	}
	distribution, err := distributionOf(r.stack.Distributions[0])
	if err == nil {
		r.front, err = cloudfront.New(distribution, cloudfront.Options{Resolve: r.names.origin, Logger: r.log.operator()})
	}
	if err != nil {
		return err
	}
	if cached := distribution.CachedErrors(); len(cached) > 0 {
		r.log.operator().Warn("CloudFront would cache these errors for a while; set their ErrorCachingMinTTL to 0", "statuses", cached)
	}
	r.edge.serve(r.withMetrics(r.front))
	return nil
}

// deliver hands a record that was given up to its destination.
func (r *runner) deliver(ctx context.Context, arn string, record []byte) error {
	return r.queues.Send(ctx, arn, record)
}

func (r *runner) invoke(ctx context.Context, function string, event []byte) ([]byte, string, error) {
	result, err := r.functions.Invoke(ctx, function, event)
	return result.Payload, result.FunctionError, err
}

// close takes down in the order in which AWS would lose things: first no new connections, then
// the streams, and the sockets with their $disconnect, then what the functions need.
func (r *runner) close() {
	r.end()
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	for _, stop := range []func(context.Context){r.closeSockets, r.closePollers, r.closeFunctions, r.closeServers} {
		stop(ctx)
	}
}

func (r *runner) closeSockets(ctx context.Context) {
	if r.sockets != nil {
		r.sockets.Shutdown(ctx)
	}
}

func (r *runner) closePollers(context.Context) {
	if r.pollers != nil {
		r.pollers.close()
	}
}

func (r *runner) closeFunctions(ctx context.Context) {
	if r.functions != nil {
		r.functions.Close(ctx)
	}
}

func (r *runner) closeServers(ctx context.Context) {
	for _, s := range []*server{r.edge, r.api, r.tables} {
		if s != nil {
			s.close(ctx)
		}
	}
	if r.front != nil {
		r.front.Close()
	}
	if r.engine != nil {
		r.engine.Close()
	}
}
