package template

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// everything uses what the deployed template does not.
const everything = `
Transform: [AWS::Serverless-2016-10-31]
Globals:
  Function:
    Runtime: provided.al2023
    Handler: bootstrap
    Timeout: 7
    Environment: {Variables: {SHARED: global, OWN: global}}
    Architectures: [arm64]
Resources:
  Work:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: go1.x}
    Properties:
      CodeUri: work
      MemorySize: "1024"
      ReservedConcurrentExecutions: 0
      Environment: {Variables: {OWN: local, COUNT: 5}}
      FunctionUrlConfig:
        AuthType: NONE
        InvokeMode: RESPONSE_STREAM
        Cors: {AllowOrigins: ["*"], AllowMethods: [GET], MaxAge: 60}
      EventInvokeConfig:
        MaximumRetryAttempts: 0
        MaximumEventAgeInSeconds: 60
        DestinationConfig: {OnSuccess: {Type: SQS, Destination: !GetAtt Jobs.Arn}}
      Events:
        Rows:
          Type: DynamoDB
          Properties:
            Stream: !GetAtt Rows.StreamArn
            StartingPosition: LATEST
            MaximumBatchingWindowInSeconds: 1
            ParallelizationFactor: 10
            Enabled: false
        Foreign:
          Type: DynamoDB
          Properties: {Stream: "arn:aws:dynamodb:us-east-1:1:table/Orders/stream/x", StartingPosition: TRIM_HORIZON}
        Jobs:
          Type: SQS
          Properties:
            Queue: !GetAtt Jobs.Arn
            BatchSize: 1
            ScalingConfig: {MaximumConcurrency: 2}
            FunctionResponseTypes: [ReportBatchItemFailures]
            FilterCriteria: {Filters: [{Pattern: '{"body":{"a":[1]}}'}]}
        Minute: {Type: Schedule, Properties: {Schedule: rate(1 minute), Input: '{"a":1}'}}
        Nightly: {Type: ScheduleV2, Properties: {ScheduleExpression: "cron(0 3 * * ? *)", State: DISABLED}}
  Rows:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: rows-by-name
      AttributeDefinitions: [{AttributeName: k, AttributeType: B}, {AttributeName: n, AttributeType: N}]
      KeySchema: [{AttributeName: k, KeyType: HASH}]
      ProvisionedThroughput: {ReadCapacityUnits: 5, WriteCapacityUnits: 6}
      StreamSpecification: {StreamViewType: KEYS_ONLY}
      TimeToLiveSpecification: {Enabled: false, AttributeName: gone}
      GlobalSecondaryIndexes:
        - IndexName: by-n
          KeySchema: [{AttributeName: n, KeyType: HASH}]
          Projection: {ProjectionType: INCLUDE, NonKeyAttributes: [x]}
          ProvisionedThroughput: {ReadCapacityUnits: 1, WriteCapacityUnits: 2}
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      FifoQueue: true
      ContentBasedDeduplication: true
      DeduplicationScope: messageGroup
      FifoThroughputLimit: perMessageGroupId
      VisibilityTimeout: 60
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}
  More:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: !Ref Work
      EventSourceArn: arn:aws:dynamodb:us-east-1:1:table/Orders/stream/y
      StartingPosition: TRIM_HORIZON
      BisectBatchOnFunctionError: true
      MaximumRetryAttempts: 3
      MaximumRecordAgeInSeconds: 60
      FunctionResponseTypes: [ReportBatchItemFailures]
      DestinationConfig: {OnFailure: {Destination: !GetAtt Dead.Arn}}
      FilterCriteria: {Filters: [{Pattern: '{"dynamodb":{"Keys":{"a":{"S":["x"]}}}}'}]}
  MoreJobs:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {FunctionName: !GetAtt Work.Arn, EventSourceArn: !GetAtt Jobs.Arn, BatchSize: 2}
  Dead: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true, QueueName: dead.fifo}}
  Text:
    Type: AWS::SQS::Queue
    Properties: {RedrivePolicy: '{"deadLetterTargetArn":"arn:x","maxReceiveCount":4}'}
`

func parse(t *testing.T, text string) *Stack {
	t.Helper()
	stack, err := Parse([]byte(text), "test.yaml", Options{})
	if err != nil {
		t.Fatal(err)
	}
	return stack
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestFunctionsTakeGlobalsAndTheirOwn(t *testing.T) {
	s := parse(t, everything)
	work, _ := filepath.Abs("work")
	zero := 0
	same(t, "functions", []Function{{
		LogicalID: "Work", Name: "Work", ARN: "arn:aws:lambda:us-east-1:123456789012:function:Work",
		CodeURI: work, Handler: "bootstrap", Runtime: "provided.al2023",
		Architectures: []string{"arm64"}, BuildMethod: "go1.x",
		Environment:    map[string]string{"SHARED": "global", "OWN": "local", "COUNT": "5"},
		TimeoutSeconds: 7, MemoryMB: 1024, ReservedConcurrency: &zero,
		EventInvoke: EventInvokeConfig{
			MaximumEventAgeSeconds: 60, OnSuccessARN: "arn:aws:sqs:us-east-1:123456789012:Jobs.fifo",
		},
	}}, s.Functions)
	same(t, "addresses", []FunctionURL{{
		LogicalID: "WorkUrl", Function: "Work", Domain: "workurl.lambda-url.us-east-1.on.aws",
		URL: "https://workurl.lambda-url.us-east-1.on.aws/", AuthType: "NONE", InvokeMode: "RESPONSE_STREAM",
		CORS: &CORS{AllowOrigins: []string{"*"}, AllowMethods: []string{"GET"}, MaxAgeSeconds: 60},
	}}, s.FunctionURLs)
}

func TestEventsKeepEveryProperty(t *testing.T) {
	s := parse(t, everything)
	same(t, "streams", []StreamMapping{{
		LogicalID: "WorkRows", Function: "Work", Table: "rows-by-name",
		StreamARN: "arn:aws:dynamodb:us-east-1:123456789012:table/rows-by-name/stream/LABEL",
		BatchSize: 100, BatchingWindowSeconds: 1, ParallelizationFactor: 10, StartingPosition: "LATEST",
		MaximumRetryAttempts: -1, MaximumRecordAgeSeconds: -1,
	}, {
		LogicalID: "WorkForeign", Function: "Work", StreamARN: "arn:aws:dynamodb:us-east-1:1:table/Orders/stream/x",
		Enabled: true, BatchSize: 100, ParallelizationFactor: 1, StartingPosition: "TRIM_HORIZON",
		MaximumRetryAttempts: -1, MaximumRecordAgeSeconds: -1,
	}, {
		LogicalID: "More", Function: "Work", StreamARN: "arn:aws:dynamodb:us-east-1:1:table/Orders/stream/y",
		Enabled: true, BatchSize: 100, ParallelizationFactor: 1, StartingPosition: "TRIM_HORIZON",
		Filters: []string{`{"dynamodb":{"Keys":{"a":{"S":["x"]}}}}`}, MaximumRetryAttempts: 3, MaximumRecordAgeSeconds: 60,
		BisectBatchOnFunctionError: true, ReportBatchItemFailures: true, OnFailureARN: "arn:aws:sqs:us-east-1:123456789012:dead.fifo",
	}}, s.Streams)
	same(t, "queue mappings", []QueueMapping{{
		LogicalID: "WorkJobs", Function: "Work", Queue: "Jobs.fifo", QueueARN: "arn:aws:sqs:us-east-1:123456789012:Jobs.fifo",
		Enabled: true, BatchSize: 1, Filters: []string{`{"body":{"a":[1]}}`}, ReportBatchItemFailures: true, MaximumConcurrency: 2,
	}, {
		LogicalID: "MoreJobs", Function: "Work", Queue: "Jobs.fifo", QueueARN: "arn:aws:sqs:us-east-1:123456789012:Jobs.fifo",
		Enabled: true, BatchSize: 2,
	}}, s.QueueMappings)
	same(t, "schedules", []Schedule{
		{LogicalID: "WorkMinute", Function: "Work", Expression: "rate(1 minute)", Input: `{"a":1}`, Enabled: true},
		{LogicalID: "WorkNightly", Function: "Work", Expression: "cron(0 3 * * ? *)", Scheduler: true},
	}, s.Schedules)
}

func TestTablesKeepWhatCreateTableTakes(t *testing.T) {
	same(t, "tables", []Table{{
		LogicalID: "Rows", Name: "rows-by-name", ARN: "arn:aws:dynamodb:us-east-1:123456789012:table/rows-by-name",
		StreamARN:  "arn:aws:dynamodb:us-east-1:123456789012:table/rows-by-name/stream/LABEL",
		Attributes: []Attribute{{"k", "B"}, {"n", "N"}}, Keys: []Key{{"k", "HASH"}},
		GlobalIndexes: []Index{{
			Name: "by-n", Keys: []Key{{"n", "HASH"}}, ProjectionType: "INCLUDE",
			NonKeyAttributes: []string{"x"}, Throughput: &Throughput{1, 2},
		}},
		BillingMode: "PROVISIONED", Throughput: &Throughput{5, 6}, StreamViewType: "KEYS_ONLY",
	}}, parse(t, everything).Tables)
}

func TestQueuesKeepTheirRules(t *testing.T) {
	queue := func(id, name string) Queue {
		return Queue{
			LogicalID: id, Name: name, ARN: "arn:aws:sqs:us-east-1:123456789012:" + name,
			URL:                      "https://sqs.us-east-1.amazonaws.com/123456789012/" + name,
			VisibilityTimeoutSeconds: 30, RetentionSeconds: 345600,
		}
	}
	jobs, dead, text := queue("Jobs", "Jobs.fifo"), queue("Dead", "dead.fifo"), queue("Text", "Text")
	jobs.FIFO, jobs.ContentBasedDeduplication, jobs.VisibilityTimeoutSeconds = true, true, 60
	jobs.DeadLetterARN, jobs.MaxReceiveCount = dead.ARN, 3
	jobs.DeduplicationScope, jobs.ThroughputLimit = "messageGroup", "perMessageGroupId"
	dead.FIFO, dead.DeduplicationScope, dead.ThroughputLimit = true, "queue", "perQueue"
	text.DeadLetterARN, text.MaxReceiveCount = "arn:x", 4
	same(t, "queues", []Queue{jobs, dead, text}, parse(t, everything).Queues)
}

func TestAnAbsoluteFolderOfCodeStaysAsItIs(t *testing.T) {
	r := &resolver{file: "/a/template.yaml"}
	for uri, want := range map[string]string{"/b/fn/": "/b/fn", "fn/": "/a/fn", "../fn": "/fn"} {
		if got := r.folder(uri); got != want {
			t.Errorf("%s: %s, want %s", uri, got, want)
		}
	}
}
