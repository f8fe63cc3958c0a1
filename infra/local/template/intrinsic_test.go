package template

import (
	"fmt"
	"strings"
	"testing"
)

// frame is a template around one output, whose value is the expression under
// test.
const frame = `Transform: AWS::Serverless-2016-10-31
Parameters:
  Size: {Type: Number, Default: 3}
  Word: {Type: String, Default: hello}
  Words: {Type: CommaDelimitedList, Default: "a, b,c"}
  Switch: {Type: String, Default: "off"}
Mappings:
  Sizes:
    small: {memory: 128, names: [x, y]}
Conditions:
  Off: !Equals [!Ref Switch, "off"]
  On: !Not [!Condition Off]
  OffLong: {"Fn::And": [{Condition: Off}, {"Fn::Equals": [{Ref: Word}, hello]}]}
  Either: !Or [!Condition On, !Condition Off]
  Neither: !And [!Condition On, !Condition Off]
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: go1.x}
    Properties:
      CodeUri: fn/
      Handler: bootstrap
      Runtime: provided.al2023
      FunctionUrlConfig: {AuthType: NONE}
  Named:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: fn/, Handler: bootstrap, Runtime: provided.al2023, FunctionName: !Sub "${AWS::StackName}-named"}
  Rows:
    Type: AWS::DynamoDB::Table
    Properties:
      KeySchema: [{AttributeName: k, KeyType: HASH}]
      AttributeDefinitions: [{AttributeName: k, AttributeType: S}]
      BillingMode: PAY_PER_REQUEST
      StreamSpecification: {StreamViewType: NEW_IMAGE}
  Plain: {Type: AWS::SQS::Queue}
  Ordered: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}
  Socket:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.type
      Routes: {$default: {FunctionArn: !GetAtt Fn.Arn}}
  Role: {Type: AWS::IAM::Role, Properties: {Anything: !Goes here}}
  Absent: {Type: AWS::SQS::Queue, Condition: On}
Outputs:
  Out:
    Value: `

func evaluate(t *testing.T, expression string) (string, error) {
	t.Helper()
	stack, err := Parse([]byte(frame+expression+"\n"), "test.yaml", Options{})
	if err != nil {
		return "", err
	}
	return stack.Outputs["Out"], nil
}

func TestIntrinsicsAnswerAsCloudFormation(t *testing.T) {
	const account = "123456789012"
	for expression, want := range map[string]string{
		"plain":                                           "plain",
		"!Ref Word":                                       "hello",
		"{Ref: Size}":                                     "3",
		"!Ref AWS::Region":                                "us-east-1",
		"!Ref AWS::AccountId":                             account,
		"!Ref AWS::Partition":                             "aws",
		"!Ref AWS::URLSuffix":                             "amazonaws.com",
		"!Ref AWS::StackName":                             "edgestream",
		"!Ref AWS::StackId":                               "arn:aws:cloudformation:us-east-1:" + account + ":stack/edgestream/local",
		"!Ref Fn":                                         "Fn",
		"!Ref Named":                                      "edgestream-named",
		"!Ref Rows":                                       "Rows",
		"!Ref Plain":                                      "https://sqs.us-east-1.amazonaws.com/" + account + "/Plain",
		"!Ref Ordered":                                    "https://sqs.us-east-1.amazonaws.com/" + account + "/Ordered.fifo",
		"!Ref Socket":                                     "socket",
		"!Ref Role":                                       "Role",
		"!GetAtt Fn.Arn":                                  "arn:aws:lambda:us-east-1:" + account + ":function:Fn",
		"!GetAtt Named.Arn":                               "arn:aws:lambda:us-east-1:" + account + ":function:edgestream-named",
		"!GetAtt [Fn, Arn]":                               "arn:aws:lambda:us-east-1:" + account + ":function:Fn",
		`{"Fn::GetAtt": [Fn, Arn]}`:                       "arn:aws:lambda:us-east-1:" + account + ":function:Fn",
		"!GetAtt FnUrl.FunctionUrl":                       "https://fnurl.lambda-url.us-east-1.on.aws/",
		"!GetAtt FnUrl.FunctionArn":                       "arn:aws:lambda:us-east-1:" + account + ":function:Fn",
		"!GetAtt FnRole.Arn":                              "FnRole.Arn",
		"!GetAtt Rows.Arn":                                "arn:aws:dynamodb:us-east-1:" + account + ":table/Rows",
		"!GetAtt Rows.StreamArn":                          "arn:aws:dynamodb:us-east-1:" + account + ":table/Rows/stream/LABEL",
		"!GetAtt Plain.Arn":                               "arn:aws:sqs:us-east-1:" + account + ":Plain",
		"!GetAtt Ordered.QueueName":                       "Ordered.fifo",
		"!Sub ${Word}-${AWS::Region}":                     "hello-us-east-1",
		"!Sub x${Fn.Arn}y":                                "xarn:aws:lambda:us-east-1:" + account + ":function:Fny",
		"!Sub [\"${A}/${Word}\", {A: !Ref Size}]":         "3/hello",
		"!Sub \"${!Word} ${Words}\"":                      "${Word} a, b,c",
		"!Sub \"unclosed ${Word\"":                        "unclosed ${Word",
		"{\"Fn::Sub\": \"${Socket}\"}":                    "socket",
		"!Join [\"-\", [a, !Ref Word, !Ref Size]]":        "a-hello-3",
		"!Join [\"\", !Ref Words]":                        "abc",
		"!Join [\",\", [a, !Ref AWS::NoValue, b]]":        "a,b",
		"!Select [1, !Ref Words]":                         "b",
		"!Select [\"2\", !Split [\".\", \"x.y.z\"]]":      "z",
		"!If [Off, yes, no]":                              "yes",
		"!If [On, !Ref NoSuchThing, fine]":                "fine",
		"!If [OffLong, !Ref Word, no]":                    "hello",
		"!If [Either, y, n]":                              "y",
		"!If [Neither, y, n]":                             "n",
		"!FindInMap [Sizes, small, memory]":               "128",
		"!Join [\"+\", !FindInMap [Sizes, small, names]]": "x+y",
		"!Base64 hello":                                   "aGVsbG8=",
	} {
		t.Run(expression, func(t *testing.T) {
			got, err := evaluate(t, expression)
			want := strings.Replace(want, "a, b,c", "a,b,c", 1)
			if err != nil || got != want {
				t.Errorf("%s is %q (error %v), want %q", expression, got, err, want)
			}
		})
	}
}

func TestBrokenExpressionsAreClearErrors(t *testing.T) {
	for expression, want := range map[string]string{
		"!Ref NoSuchThing":               `nothing in the template is called "NoSuchThing"`,
		"!Ref Absent":                    "Absent is left out, since its condition On is false",
		"!Ref [a]":                       "Ref takes a name",
		"!Ref AWS::NotificationARNs":     `nothing in the template is called "AWS::NotificationARNs"`,
		"!GetAtt Fn":                     "GetAtt takes a resource, a dot and an attribute",
		"!GetAtt Fn.Colour":              `AWS::Serverless::Function has no attribute "Colour"`,
		"!GetAtt Nobody.Arn":             `nothing in the template is called "Nobody"`,
		"!GetAtt NamedUrl.FunctionUrl":   `nothing in the template is called "NamedUrl"`,
		"!GetAtt {a: b}":                 "a list of 2 is expected",
		"!Sub ${Nobody}":                 `nothing in the template is called "Nobody"`,
		"!Sub \"${a b}\"":                "Sub cannot read ${a b}",
		"!Sub [a]":                       "a list of 2 is expected",
		"!Sub {a: b}":                    "Sub takes text",
		"!Join [a]":                      "a list of 2 is expected",
		"!Join [a, b]":                   "a list is expected here",
		"!Join [a, [[b]]]":               "text is expected in this list",
		"!Split [\"\", abc]":             "Split needs a delimiter",
		"!Select [3, !Ref Words]":        `Select has no element "3" among 3`,
		"!Select [-1, !Ref Words]":       `Select has no element "-1"`,
		"!If [Nowhere, a, b]":            `there is no condition "Nowhere"`,
		"!If [Off, a]":                   "a list of 3 is expected",
		"!FindInMap [Sizes, big, x]":     `Mappings has no "big" here`,
		"!Equals [a, b]":                 "Equals belongs in Conditions",
		"!Condition Off":                 "Condition belongs in Conditions",
		"!ImportValue x":                 "unknown intrinsic Fn::ImportValue",
		"!Frobnicate x":                  "unknown intrinsic Fn::Frobnicate",
		"{\"Fn::Transform\": {Name: x}}": "unknown intrinsic Fn::Transform",
		"{Ref: Word, Also: x}":           "Ref must stand alone",
		"[a, b]":                         "Value must be text",
		"":                               "Value must be text",
	} {
		t.Run(expression, func(t *testing.T) {
			_, err := evaluate(t, expression)
			checkError(t, err, fmt.Sprintf("test.yaml:%d: Out: ", strings.Count(frame, "\n")+1), want)
		})
	}
}

func checkError(t *testing.T, err error, prefix, want string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %q", want)
	}
	if !strings.HasPrefix(err.Error(), prefix) || !strings.Contains(err.Error(), want) {
		t.Errorf("error is %q, want %q and %q in it", err, prefix, want)
	}
}

func TestTextThatGrowsWithoutEndIsRefused(t *testing.T) {
	nested := "x"
	for range 40 {
		nested = `!Sub ["${A}${A}${A}${A}", {A: ` + nested + `}]`
	}
	_, err := evaluate(t, nested)
	checkError(t, err, "test.yaml:", "grows beyond 1 MB")
}
