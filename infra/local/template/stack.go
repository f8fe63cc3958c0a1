// Package template reads an AWS SAM template and answers what it would deploy.
//
// The local runner, its edge and the tests all start from the same
// template.yaml that `sam deploy` sends to AWS, unchanged. This package reads
// it as CloudFormation and the SAM transform would: parameters with their
// defaults and bounds, mappings, conditions, the intrinsic functions, Globals,
// and the events and addresses that SAM generates. The result is a [Stack]:
// plain structs with every intrinsic resolved.
//
// It guarantees that nothing is passed over in silence. A resource type, a
// property or an intrinsic that would change behaviour and is not known here
// is an [Error] that names the file, the line and the logical id. Types that
// only matter on AWS (log groups, roles, alarms, cache policies) are skipped.
//
// Physical names are the logical ids, so that a person finds the table Content
// under the name that the template gives it; ARNs, URLs and domain names have
// the shape that AWS gives them, and a runner replaces the ones that it serves
// itself ([WebSocketAPI.Domain], [FunctionURL.Domain], [Queue.URL]).
//
// The formats:
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification.html
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
package template

// Stack is a template with everything resolved. Every slice is in the
// template's own order; resources whose condition is false are left out.
type Stack struct {
	// Path is the absolute path of the template file.
	Path string
	// Name, Region and AccountID are what AWS::StackName, AWS::Region and
	// AWS::AccountId answered.
	Name, Region, AccountID string
	// Parameters holds every parameter's value, lists joined by commas.
	Parameters map[string]string

	Functions     []Function
	Tables        []Table
	WebSocketAPIs []WebSocketAPI
	Queues        []Queue
	Streams       []StreamMapping
	QueueMappings []QueueMapping
	FunctionURLs  []FunctionURL
	Schedules     []Schedule
	Distributions []Distribution

	// Outputs holds the value of every output whose condition holds.
	Outputs map[string]string
}

// Function is an AWS::Serverless::Function with Globals merged in.
type Function struct {
	LogicalID string
	// Name is FunctionName, or the logical id.
	Name string
	ARN  string
	// CodeURI is the absolute path of the folder that holds the code.
	CodeURI string
	// Handler and Runtime are as written, such as bootstrap and provided.al2023.
	Handler, Runtime string
	// Architectures is as written; empty means x86_64.
	Architectures []string
	// BuildMethod is Metadata's BuildMethod, such as go1.x, or empty.
	BuildMethod string
	Environment map[string]string
	// TimeoutSeconds is 3 and MemoryMB 128 where the template says nothing.
	TimeoutSeconds, MemoryMB int
	// ReservedConcurrency is nil when nothing is reserved. 0 stops the function.
	ReservedConcurrency *int
	// EventInvoke says how asynchronous invocations are retried.
	EventInvoke EventInvokeConfig
}

// EventInvokeConfig is how Lambda treats asynchronous invocations that fail.
type EventInvokeConfig struct {
	// MaximumRetryAttempts is 0 to 2, by default 2.
	MaximumRetryAttempts int
	// MaximumEventAgeSeconds is 60 to 21600, by default 21600.
	MaximumEventAgeSeconds int
	// OnSuccessARN and OnFailureARN are destinations, or empty.
	OnSuccessARN, OnFailureARN string
}

// Table is an AWS::DynamoDB::Table, with what CreateTable and
// UpdateTimeToLive take.
type Table struct {
	LogicalID string
	// Name is TableName, or the logical id.
	Name string
	ARN  string
	// StreamARN ends in [StreamLabel], since the real label is known only when
	// the table is there. It is empty for a table without a stream.
	StreamARN  string
	Attributes []Attribute
	Keys       []Key
	LocalIndexes,
	GlobalIndexes []Index
	// BillingMode is PAY_PER_REQUEST or PROVISIONED (the default).
	BillingMode string
	// Throughput is nil for PAY_PER_REQUEST.
	Throughput *Throughput
	// StreamViewType is empty for a table without a stream.
	StreamViewType string
	// TTLAttribute is empty for a table without a time to live.
	TTLAttribute string
}

// Attribute is one AttributeDefinition. Type is S, N or B.
type Attribute struct{ Name, Type string }

// Key is one element of a KeySchema. Type is HASH or RANGE.
type Key struct{ Name, Type string }

// Index is a local or global secondary index.
type Index struct {
	Name string
	Keys []Key
	// ProjectionType is ALL, KEYS_ONLY or INCLUDE.
	ProjectionType   string
	NonKeyAttributes []string
	// Throughput is nil for local indexes and for PAY_PER_REQUEST.
	Throughput *Throughput
}

// Throughput is provisioned capacity in units per second.
type Throughput struct{ Read, Write int }

// WebSocketAPI is an AWS::Serverless::WebSocketApi.
type WebSocketAPI struct {
	LogicalID string
	// ID is what !Ref answers: the first label of the domain.
	ID string
	// Domain is ID.execute-api.REGION.amazonaws.com, without scheme or stage.
	Domain string
	Stage  string
	// RouteSelectionExpression is as written, such as $request.body.type.
	RouteSelectionExpression string
	Routes                   []Route
	StageVariables           map[string]string
}

// Route is one route key of a WebSocket API and the function behind it.
type Route struct {
	Key string
	// Function is the function's Name.
	Function string
	// IntegrationTimeoutMillis is 50 to 29000, by default 29000.
	IntegrationTimeoutMillis int
}

// Queue is an AWS::SQS::Queue.
type Queue struct {
	LogicalID string
	// Name is QueueName, or the logical id, with .fifo where it is a FIFO queue.
	Name string
	ARN  string
	// URL is what !Ref answers: https://sqs.REGION.amazonaws.com/ACCOUNT/NAME.
	URL                       string
	FIFO                      bool
	ContentBasedDeduplication bool
	// DeduplicationScope and ThroughputLimit are a FIFO queue's: queue or messageGroup, perQueue or
	// perMessageGroupId.
	DeduplicationScope, ThroughputLimit string
	// Times are in seconds; SQS's own defaults where the template says nothing.
	VisibilityTimeoutSeconds, RetentionSeconds, DelaySeconds, ReceiveWaitSeconds int
	// DeadLetterARN is empty and MaxReceiveCount 0 without a RedrivePolicy.
	DeadLetterARN   string
	MaxReceiveCount int
}

// StreamMapping is an event source mapping from a DynamoDB stream to a
// function.
type StreamMapping struct {
	// LogicalID is the one that SAM generates: the function's and the event's.
	LogicalID string
	// Function is the function's Name.
	Function string
	// Table is the Name of the table of this template whose stream it is, or
	// empty for a stream from elsewhere; StreamARN is always given.
	Table, StreamARN string
	Enabled          bool
	BatchSize        int
	// BatchingWindowSeconds is how long a batch may wait to fill.
	BatchingWindowSeconds int
	ParallelizationFactor int
	// StartingPosition is TRIM_HORIZON or LATEST.
	StartingPosition string
	// Filters are FilterCriteria's patterns, JSON texts; a record passes when
	// any of them matches, or when there are none.
	Filters []string
	// MaximumRetryAttempts and MaximumRecordAgeSeconds are -1 for no limit.
	MaximumRetryAttempts, MaximumRecordAgeSeconds int
	BisectBatchOnFunctionError                    bool
	// ReportBatchItemFailures is whether FunctionResponseTypes asks for it.
	ReportBatchItemFailures bool
	// OnFailureARN is the destination of what was given up, or empty.
	OnFailureARN string
}

// QueueMapping is an event source mapping from an SQS queue to a function.
type QueueMapping struct {
	LogicalID string
	// Function is the function's Name.
	Function string
	// Queue is the Name of the queue of this template, or empty for one from
	// elsewhere; QueueARN is always given.
	Queue, QueueARN         string
	Enabled                 bool
	BatchSize               int
	BatchingWindowSeconds   int
	Filters                 []string
	ReportBatchItemFailures bool
	// MaximumConcurrency is 2 to 1000, or 0 for no limit.
	MaximumConcurrency int
}

// FunctionURL is the address that FunctionUrlConfig gives a function.
type FunctionURL struct {
	// LogicalID is the one that SAM generates: the function's, then Url.
	LogicalID string
	// Function is the function's Name.
	Function string
	// Domain is without scheme; URL is https://DOMAIN/.
	Domain, URL string
	// AuthType is NONE or AWS_IAM.
	AuthType string
	// InvokeMode is BUFFERED (the default) or RESPONSE_STREAM.
	InvokeMode string
	// CORS is nil where the template says nothing.
	CORS *CORS
}

// CORS is what a Function URL answers to browsers of other origins.
type CORS struct {
	AllowCredentials                                        bool
	AllowHeaders, AllowMethods, AllowOrigins, ExposeHeaders []string
	// MaxAgeSeconds is how long a preflight's answer may be kept.
	MaxAgeSeconds int
}

// Schedule is a function's Schedule or ScheduleV2 event.
type Schedule struct {
	LogicalID string
	// Function is the function's Name.
	Function string
	// Expression is rate(…), cron(…) or at(…), as written.
	Expression string
	// Input is the event to send, JSON, or empty for the scheduler's own.
	Input   string
	Enabled bool
	// Scheduler tells a ScheduleV2, which is EventBridge Scheduler's, from the rule of a Schedule.
	Scheduler bool
}

// StreamLabel stands in a [Table.StreamARN] for the label that DynamoDB
// chooses when the table is made.
const StreamLabel = "LABEL"
