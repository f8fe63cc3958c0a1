package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPoliciesSayWhatIsMissingAndWhatIsTooMuch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "template.yaml")
	const text = `Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Policies:
        - Statement:
            - {Action: [dynamodb:GetItem, dynamodb:PutItem], Resource: !GetAtt T.Arn}
            - {Action: dynamodb:Query, Resource: [!GetAtt T.Arn, !Sub "${T.Arn}/index/i"]}
            - !If [HasQ, {Action: "sqs:SendMessage", Resource: !GetAtt Q.Arn}, !Ref AWS::NoValue]
            - {Action: execute-api:ManageConnections, Resource: [!Sub "arn:x:${A}/prod/POST/@connections/*"]}
  T: {Type: AWS::DynamoDB::Table}
  Again:
    Type: AWS::IAM::Policy
    Properties:
      Roles: [!Ref FRole]
      PolicyDocument: {Statement: [{Action: lambda:InvokeFunction, Resource: !GetAtt F.Arn}, {Action: [dynamodb:GetRecords], Resource: !Ref S}]}
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := readPolicies(path)
	if err != nil {
		t.Fatal(err)
	}
	missing := p.use("F", map[string]bool{
		"lambda:InvokeFunction F": true, "sqs:SendMessage Q": true,
		"dynamodb:GetItem T": true, "dynamodb:Query T/index/i": true, "dynamodb:Query T/index/j": true, "dynamodb:Scan T": true, "execute-api:ManageConnections POST": true, "execute-api:ManageConnections DELETE": true,
	})
	if got, want := strings.Join(missing, ", "), "dynamodb:Query T/index/j, dynamodb:Scan T, execute-api:ManageConnections DELETE"; got != want {
		t.Errorf("missing: %s, want %s", got, want)
	}
	if got, want := strings.Join(p.unused(), ", "), "F dynamodb:PutItem T, F dynamodb:Query T"; got != want {
		t.Errorf("unused: %s, want %s", got, want)
	}
}
