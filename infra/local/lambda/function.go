package lambda

import (
	"context"
	"log/slog"
	"time"
)

// Limits of Lambda, in bytes.
// See https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html.
const (
	MaxSyncPayload    = 6 << 20         // request of a synchronous invocation
	MaxAsyncPayload   = 1 << 20         // request of an asynchronous invocation
	MaxResponse       = 6<<20 + 100     // buffered response: Lambda allows 100 bytes over 6 MB
	MaxStreamResponse = 200 << 20       // streamed response
	defaultTimeout    = 3 * time.Second // Lambda's default
	defaultMemoryMB   = 128             // Lambda's default
)

// Function describes one function, in the words of its template.
type Function struct {
	// Name is unique, and the last part of the function's ARN.
	Name string
	// Dir is the absolute folder of the function's main package (CodeUri).
	Dir string
	// Env is added to Options.Env and wins over it.
	Env map[string]string
	// Timeout is how long one invocation may take; 0 is Lambda's default of 3 s.
	Timeout time.Duration
	// MemoryMB is told to the function and not enforced; 0 is Lambda's default of 128.
	MemoryMB int
	// Concurrency is the most instances; 0 is Options.Concurrency.
	Concurrency int
	// ReservedConcurrency limits invocations in flight; nil is no limit, 0 refuses every one.
	ReservedConcurrency *int
	// MaximumRetryAttempts is how often a failed asynchronous event is tried again; nil is 2.
	MaximumRetryAttempts *int
	// MaximumEventAge is how long an asynchronous event may wait; 0 is Lambda's default of 6 h.
	MaximumEventAge time.Duration
	// OnFailure is the ARN that receives a record of each asynchronous event given up; may be empty.
	OnFailure string
}

// Options configures a Service. Root and CacheDir are required.
type Options struct {
	// Root is the folder of the module that the functions belong to.
	Root string
	// CacheDir keeps programs between runs; it is created when missing.
	CacheDir string
	// Concurrency is the most instances of a function that says nothing else; 0 is 10.
	Concurrency int
	// Env is added to every function, for example AWS_ENDPOINT_URL_DYNAMODB.
	Env map[string]string
	// Region is the region of ARNs and of AWS_REGION; empty is us-east-1.
	Region string
	// AccountID is the account of ARNs; empty is 000000000000.
	AccountID string
	// Log receives each line that a function writes. It is called from several goroutines and
	// must not call the Service.
	Log func(LogLine)
	// Logger receives what the Service itself has to say to an operator; nil discards it.
	Logger *slog.Logger
	// OnInvocation is called once per finished invocation, before its caller is answered, from
	// several goroutines.
	OnInvocation func(Invocation)
	// OnRebuild is called after each source change that Watch saw: with the functions that run a
	// new program from now on (none, if the change touched no program), or with a *BuildError, and
	// every function stays as it was. Nil: not at all.
	OnRebuild func(changed []string, took time.Duration, err error)
	// Destination delivers the record of an asynchronous event given up to Function.OnFailure.
	Destination func(ctx context.Context, arn string, record []byte) error
	// External names the functions that a person runs in a debugger.
	External map[string]bool
	// RetryDelays are the waits before the first, second and later retries of an asynchronous
	// event; empty is Lambda's 1 and 2 minutes. The last one repeats.
	RetryDelays []time.Duration
	// InitTimeout is how long an instance may take to ask for its first event before the time
	// counts as the invocation's; 0 is Lambda's 10 s.
	InitTimeout time.Duration
	// IdleTimeout is after how long without work an instance is stopped; 0 is 5 minutes.
	IdleTimeout time.Duration
}

// LogLine is one line that a function wrote to standard output or standard error.
type LogLine struct {
	Time     time.Time
	Function string
	// RequestID is the invocation's; empty for lines of the init phase.
	RequestID string
	// Text has no line end. Lines over 256 KB are cut into several.
	Text string
}

// Invocation is what is known of a finished invocation.
type Invocation struct {
	Function  string
	RequestID string
	Event     []byte
	// Start is when the event was handed to the function, Duration how long it then took.
	Start    time.Time
	Duration time.Duration
	// InitDuration is how long the instance took to start; 0 unless this was its first invocation.
	InitDuration time.Duration
	// BilledDuration is what AWS would bill: init and duration, rounded up to a millisecond.
	BilledDuration time.Duration
	// Payload is the buffered response or the error's JSON; nil for a streamed response.
	Payload []byte
	// FunctionError is "Unhandled" when the function failed, else empty.
	FunctionError string
	Streaming     bool
	// StreamStatus is the HTTP status of a streamed response that had begun, else 0.
	StreamStatus int
	// Stopped says that it was at work when the Service was closed, which is why it failed.
	Stopped bool
}

func (f Function) withDefaults() Function {
	if f.Timeout == 0 {
		f.Timeout = defaultTimeout
	}
	if f.MemoryMB == 0 {
		f.MemoryMB = defaultMemoryMB
	}
	if f.MaximumRetryAttempts == nil {
		f.MaximumRetryAttempts = new(2)
	}
	if f.MaximumEventAge == 0 {
		f.MaximumEventAge = 6 * time.Hour
	}
	return f
}

func (o Options) withDefaults() Options {
	if o.Concurrency == 0 {
		o.Concurrency = 10
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.AccountID == "" {
		o.AccountID = "000000000000"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.OnRebuild == nil {
		o.OnRebuild = func([]string, time.Duration, error) {}
	}
	if len(o.RetryDelays) == 0 {
		o.RetryDelays = []time.Duration{time.Minute, 2 * time.Minute}
	}
	if o.InitTimeout == 0 {
		o.InitTimeout = 10 * time.Second
	}
	if o.IdleTimeout == 0 {
		o.IdleTimeout = 5 * time.Minute
	}
	return o
}
