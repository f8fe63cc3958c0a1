package template

import (
	"fmt"
	"strings"
	"testing"
)

// sound is a small template that reads without error; each case below breaks
// one line of it.
const sound = `Transform: AWS::Serverless-2016-10-31
Parameters:
  Size: {Type: Number, Default: 3, MinValue: 1, MaxValue: 5}
Conditions:
  Small: !Equals [!Ref Size, 3]
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: fn/
      Handler: bootstrap
      Runtime: provided.al2023
      Timeout: 10
      Events:
        Rows:
          Type: DynamoDB
          Properties:
            Stream: !GetAtt Rows.StreamArn
            StartingPosition: LATEST
            MaximumRecordAgeInSeconds: 60
            FunctionResponseTypes: [ReportBatchItemFailures]
            FilterCriteria: {Filters: [{Pattern: '{}'}]}
  Rows:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: k, AttributeType: S}]
      KeySchema: [{AttributeName: k, KeyType: HASH}]
      BillingMode: PAY_PER_REQUEST
      StreamSpecification: {StreamViewType: NEW_IMAGE}
  Api:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.type
      Routes:
        $default: {FunctionArn: !GetAtt Fn.Arn}
  Queue:
    Type: AWS::SQS::Queue
    Properties: {VisibilityTimeout: 30}
  Edge:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: true
        Origins: [{Id: a, DomainName: a.example, CustomOriginConfig: {OriginProtocolPolicy: https-only}}]
        DefaultCacheBehavior:
          TargetOriginId: a
          ViewerProtocolPolicy: https-only
          CachePolicyId: x
          FunctionAssociations: [{EventType: viewer-request, FunctionARN: !GetAtt Code.FunctionARN}]
  Code:
    Type: AWS::CloudFront::Function
    Properties: {Name: code, FunctionCode: "function handler(event) {}", FunctionConfig: {Runtime: cloudfront-js-2.0}}
`

func TestEveryErrorNamesItsLineAndResource(t *testing.T) {
	if _, err := Parse([]byte(sound), "test.yaml", Options{}); err != nil {
		t.Fatalf("the template to break is broken already: %v", err)
	}
	for _, c := range []struct{ old, new, id, want string }{
		{"AWS::Serverless-2016-10-31", "AWS::Other", "", `unknown transform "AWS::Other"`},
		{"Parameters:", "Paramaters:", "", "unknown section Paramaters"},
		{"Type: Number", "Type: AWS::SSM::Parameter::Value<String>", "Size", "is not supported"},
		{"Default: 3", "Default: 9", "Size", "9 is more than MaxValue 5"},
		{"Default: 3", "Default: 1e999999999", "Size", "is not a number"},
		{"Default: 3, ", "", "Size", "has no default"},
		{"!Equals [!Ref Size, 3]", "!Condition Small", "Small", "depends on itself"},
		{"!Equals [!Ref Size, 3]", "!Ref Size", "Small", "a condition is expected here"},
		{"Type: AWS::Serverless::Function", "Type: AWS::Step::Machine", "Fn", "resource type AWS::Step::Machine is not supported"},
		{"Type: AWS::Serverless::Function", "Typ: AWS::Serverless::Function", "Fn", "unknown resource attribute Typ"},
		{"CodeUri: fn/", "ImageUri: fn/", "Fn", "CodeUri is missing"},
		{"Handler: bootstrap", "Layers: [a]", "Fn", "Handler is missing"},
		{"Timeout: 10", "Layers: [a]", "Fn", "property Layers is not supported"},
		{"Timeout: 10", "Timeout: 901", "Fn", "Timeout must be a number from 1 to 900"},
		{"Timeout: 10", "Timeout: soon", "Fn", `Timeout must be a number from 1 to 900, not "soon"`},
		{"Timeout: 10", "Timeout: [10]", "Fn", "Timeout must be text"},
		{"Timeout: 10", "Timeout: !Ref Nobody", "Fn", `nothing in the template is called "Nobody"`},
		{"Timeout: 10", "Handler: twice", "Fn", "Handler is given twice"},
		{"Timeout: 10", "VpcConfig: {SubnetIds: [a]}", "Fn", "property VpcConfig is not supported"},
		{"Timeout: 10", "FunctionUrlConfig: {InvokeMode: BUFFERED}", "Fn", "AuthType is missing"},
		{"Timeout: 10", "Environment: {Variables: {A: {B: c}}}", "Fn", "A must be text"},
		{"Timeout: 10", "Environment: [a]", "Fn", "a mapping is expected here, not a list"},
		{"Timeout: 10", "EventInvokeConfig: {MaximumRetryAttempts: 3}", "Fn", "MaximumRetryAttempts must be a number from 0 to 2"},
		{"Timeout: 10", "FunctionName: !Ref Fn", "Fn", "the name of Fn depends on itself"},
		{"Type: DynamoDB", "Type: Kinesis", "Fn", `Type is "Kinesis"; supported here: DynamoDB, SQS, Schedule, ScheduleV2`},
		{"StartingPosition: LATEST", "TumblingWindowInSeconds: 4", "Fn", "StartingPosition is missing"},
		{"MaximumRecordAgeInSeconds: 60", "TumblingWindowInSeconds: 4", "Fn", "property TumblingWindowInSeconds is not supported"},
		{"MaximumRecordAgeInSeconds: 60", "MaximumRecordAgeInSeconds: 59", "Fn", "must be -1 or 60 to 604800"},
		{"[ReportBatchItemFailures]", "[Everything]", "Fn", `not "Everything"`},
		{"Pattern: '{}'", "Pattern: '[]'", "Fn", "Pattern must be a JSON object"},
		{"{StreamViewType: NEW_IMAGE}", "{StreamViewType: SOME}", "Rows", `StreamViewType is "SOME"`},
		{"      StreamSpecification: {StreamViewType: NEW_IMAGE}\n", "", "Fn", "the table Rows has no StreamSpecification"},
		{"BillingMode: PAY_PER_REQUEST", "BillingMode: FREE", "Rows", `BillingMode is "FREE"`},
		{"BillingMode: PAY_PER_REQUEST", "KinesisStreamSpecification: {StreamArn: a}", "Rows", "property KinesisStreamSpecification"},
		{"{AttributeName: k, AttributeType: S}", "{AttributeName: k}", "Rows", "AttributeType is missing"},
		{"RouteSelectionExpression: $request.body.type", "RouteSelectionExpression: $request.header.x", "Api", "does not look into $request.body"},
		{"$default: {FunctionArn: !GetAtt Fn.Arn}", "pusher:subscribe: {FunctionArn: !GetAtt Fn.Arn}", "Api", "must be letters and digits only"},
		{"$default: {FunctionArn: !GetAtt Fn.Arn}", "$default: {FunctionArn: arn:aws:lambda:x}", "Api", "is no function of this template"},
		{"$default: {FunctionArn: !GetAtt Fn.Arn}", "$default: {FunctionArn: !GetAtt Fn.Arn, ApiKeyRequired: true}", "Api", "property ApiKeyRequired is not supported"},
		{"VisibilityTimeout: 30", "VisibilityTimeout: -1", "Queue", "VisibilityTimeout must be a number from 0 to 43200"},
		{"VisibilityTimeout: 30", "FifoThroughputLimit: perQueue", "Queue", "property FifoThroughputLimit is not supported"},
		{"VisibilityTimeout: 30", "FifoQueue: true, DeduplicationScope: all", "Queue", `DeduplicationScope is "all"`},
		{"        Rows:\n          Type: DynamoDB\n", "        Jobs: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn}}\n        Rows:\n          Type: DynamoDB\n", "", ""},
		{"      Timeout: 10\n      Events:\n", "      Timeout: 31\n      Events:\n        Jobs: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn}}\n", "Queue", "VisibilityTimeout is 30, less than the Timeout of Fn, which is 31"},
		{"VisibilityTimeout: 30", "RedrivePolicy: nonsense", "Queue", "RedrivePolicy cannot be read"},
		{"Enabled: true", "Enabled: false", "Edge", "Enabled must be true"},
		{"Enabled: true", "Enabled: perhaps", "Edge", "Enabled must be true or false"},
		{"TargetOriginId: a", "TargetOriginId: b", "Edge", `behaviour *: there is no origin "b"`},
		{"CachePolicyId: x", "ForwardedValues: {}", "Edge", "CachePolicyId is missing"},
		{"!GetAtt Code.FunctionARN", "arn:other", "Edge", "is no AWS::CloudFront::Function of this template"},
		{"CustomOriginConfig: {OriginProtocolPolicy: https-only}", "S3OriginConfig: {}", "Edge", "CustomOriginConfig is missing"},
		{"function handler(event) {}", strings.Repeat("x", maxEdgeCode+1), "", "FunctionCode has 10241 bytes; CloudFront takes 10240"},
		{"Timeout: 10", "Timeout: &t 10", "", ""},
		{"Timeout: 10", "Description: &d [*d]", "", ""},
		{"Timeout: 10", "Handler2: *nobody", "", "not YAML: unknown anchor"},
		{"Timeout: 10", "Timeout: \"10", "", "not YAML"},
	} {
		t.Run(c.new, func(t *testing.T) { breakLine(t, c.old, c.new, c.id, c.want) })
	}
}

func breakLine(t *testing.T, old, replacement, id, want string) {
	t.Helper()
	at := strings.Index(sound, old)
	if at < 0 {
		t.Fatalf("the template to break has no %q", old)
	}
	broken := strings.Replace(sound, old, replacement, 1)
	_, err := Parse([]byte(broken), "test.yaml", Options{})
	if want == "" {
		if err != nil {
			t.Errorf("error %v, want none", err)
		}
		return
	}
	prefix := "test.yaml:"
	if id != "" {
		checkError(t, err, prefix, ": "+id+": ")
	}
	checkError(t, err, prefix, want)
}

func TestAnErrorNamesTheBrokenLine(t *testing.T) {
	for _, broken := range []struct{ old, new string }{
		{"Timeout: 10", "Timeout: !Ref Nobody"},
		{"Timeout: 10", "Layers: [a]"},
		{"Pattern: '{}'", "Pattern: 'x'"},
		{"VisibilityTimeout: 30", "Colour: red"},
		{"TargetOriginId: a", "TargetOriginId: !Nonsense a"},
	} {
		line := strings.Count(sound[:strings.Index(sound, broken.old)], "\n") + 1
		_, err := Parse([]byte(strings.Replace(sound, broken.old, broken.new, 1)), "test.yaml", Options{})
		checkError(t, err, fmt.Sprintf("test.yaml:%d: ", line), "")
	}
}

func TestATemplateThatIsNoneIsAnError(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "the template is empty",
		"# nothing":                   "the template is empty",
		"just text":                   "a mapping is expected here",
		"[]":                          "a mapping is expected here",
		"Resources: {}":               "has no Resources",
		"Resources: {A: {}}":          "the resource has no Type",
		"Resources: {? [a] : b}":      "a key must be plain text",
		"<<: {a: b}":                  "a key must be plain text",
		"Globals: {Api: {}}":          "Globals for Api are not supported",
		"Resources: {A: {Type: [a]}}": "the resource has no Type",
		"Outputs: {A: 1}\nResources: {A: {Type: AWS::SQS::Queue}}": "a mapping is expected here",
	} {
		_, err := Parse([]byte(text), "test.yaml", Options{})
		checkError(t, err, "test.yaml", want)
	}
	if _, err := Load("no/such/file.yaml", Options{}); err == nil || !strings.Contains(err.Error(), "read the template") {
		t.Errorf("a missing file: %v", err)
	}
}

// FuzzParse holds that no text, however hostile, makes Parse panic or answer
// neither a stack nor an error.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{sound, everything, frame + "!Sub ${Word}", "a: &a [*a]", "Resources: !Sub x", "Conditions: {A: !Condition A}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		stack, err := Parse(data, "test.yaml", Options{})
		if (stack == nil) == (err == nil) {
			t.Fatalf("stack %v with error %v", stack, err)
		}
	})
}
