package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"edgestream/infra/local/template"
)

// TestTheTableIsComplete reads the deployed template and every file of events/, so that
// a new event or function without a case is found before Docker is asked.
func TestTheTableIsComplete(t *testing.T) {
	stack, err := template.Load("../../template.yaml", template.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cases, err := readCases("../../events", stack)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		if c.Says == "" {
			t.Errorf("%s says nothing", c.Event)
		}
		for _, file := range append([]string{c.Event}, c.Seed...) {
			data, err := os.ReadFile(filepath.Join("../../events", file))
			if err != nil || !json.Valid(data) {
				t.Errorf("%s: no JSON (error %v)", file, err)
			}
		}
	}
}

func TestGapsInTheTableAreFound(t *testing.T) {
	stack := &template.Stack{Functions: []template.Function{{LogicalID: "F"}, {LogicalID: "G"}}}
	cases := []testCase{{Event: "a.json", Function: "F"}, {Event: "b.json", Function: "H"}}
	err := complete(cases, []string{"events/a.json", "events/c.json"}, stack)
	for _, want := range []string{"no case uses c.json", "no case for G", `no function "H"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestACaseFailsForWhateverDiffers(t *testing.T) {
	row := func(key, value string) any {
		return object{"pk": object{"S": key}, "v": object{"N": value}}
	}
	c := testCase{
		Result: object{"statusCode": 200},
		Rows:   map[string][]any{"T": {row("a", anything), row("b", "2")}},
		Calls:  []call{{"post", "x", "1"}, {"post", "x", "2"}, {"invoke", "G", object{"a": anything}}},
	}
	before := map[string][]any{"U": {row("u", "1")}}
	after := func() map[string][]any {
		return map[string][]any{"T": {row("b", "2"), row("a", "77")}, "U": {row("u", "1")}}
	}
	calls := []call{{"invoke", "G", object{"a": 5}}, {"post", "x", "1"}, {"post", "x", "2"}}
	const fine = `{"statusCode":200,"body":"","headers":null}`
	for _, k := range []struct {
		name, result string
		rows         func(map[string][]any)
		calls        []call
		want         string
	}{
		{"nothing differs", fine, nil, calls, ""},
		{"another status", `{"statusCode":500}`, nil, calls, "answer"},
		{"no JSON", "panic", nil, calls, "no JSON"},
		{"a row too many", fine, func(m map[string][]any) { m["T"] = append(m["T"], row("c", "3")) }, calls, "rows of T"},
		{"a row too few", fine, func(m map[string][]any) { m["T"] = m["T"][1:] }, calls, "rows of T"},
		{"another value", fine, func(m map[string][]any) { m["T"][0] = row("b", "3") }, calls, "rows of T"},
		{"a table that must not change", fine, func(m map[string][]any) { m["U"] = nil }, calls, "rows of U"},
		{"posts in another order", fine, nil, []call{calls[0], calls[2], calls[1]}, "calls"},
		{"a post twice", fine, nil, append(slices.Clone(calls), calls[2]), "calls"},
		{"no post", fine, nil, calls[:1], "calls"},
	} {
		t.Run(k.name, func(t *testing.T) {
			rows := after()
			if k.rows != nil {
				k.rows(rows)
			}
			err := c.check(k.result, before, rows, k.calls)
			if (err == nil) != (k.want == "") || err != nil && !strings.Contains(err.Error(), k.want) {
				t.Errorf("error %v, want one about %q", err, k.want)
			}
		})
	}
}

func TestAnAnswerIsFoundInWhatTheCLIPrints(t *testing.T) {
	const end = "\x00\x00\x00\x00\x00\x00\x00\x00"
	for out, want := range map[string]string{
		`{"statusCode":200}` + "\n":                                              `{"statusCode":200}`,
		"START\nEND\n" + `"done"` + "\n":                                         `"done"`,
		`{"statusCode":200,"headers":{"A":"b"}}` + end + "event: x\ndata: 1\n\n": `{"body":"event: x\ndata: 1\n\n","headers":{"A":"b"},"statusCode":200}`,
		"START\n" + `{"statusCode":204}` + end:                                   `{"body":"","statusCode":204}`,
		"panic" + end + "x":                                                      "panic" + end + "x",
		"":                                                                       "",
	} {
		if got := answer(out); got != want {
			t.Errorf("%q: %q, want %q", out, got, want)
		}
	}
}

func TestABodyMayBeKnownInParts(t *testing.T) {
	c := testCase{Result: object{"statusCode": 200}, Contains: []string{"retry: 1", "data: a", "data: b"}}
	for result, want := range map[string]string{
		`{"statusCode":200,"body":"retry: 1\nid: xyz\ndata: a\n\ndata: b\n\n"}`: "",
		`{"statusCode":200,"body":"retry: 1\ndata: b\ndata: a\n"}`:              `"data: b" is not in the rest`,
		`{"statusCode":200}`:                                 `"retry: 1" is not in the rest`,
		`"retry: 1 data: a data: b"`:                         `"retry: 1" is not in the rest`,
		`{"statusCode":500,"body":"retry: 1data: adata: b"}`: "answer",
	} {
		if err := c.check(result, nil, nil, nil); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want one about %q", result, err, want)
		}
	}
}

func TestACaseHasVariablesOfItsOwn(t *testing.T) {
	s := &sam{folder: t.TempDir(), env: map[string]string{"A": "1", "B": "2"}}
	path, err := s.writeEnv(testCase{Env: map[string]string{"B": "3"}}, "KEY")
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); string(got) != `{"Parameters":{"A":"1","B":"3"}}` || s.env["B"] != "2" {
		t.Errorf("%s, and for the others %v", got, s.env)
	}
}

func TestTheRecorderDemandsSignaturesAndSortsByKey(t *testing.T) {
	database := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
	}))
	defer database.Close()
	address, _ := url.Parse(database.URL)
	r, err := startRecorder(address)
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	r.expect("KEY1", map[string]int{"b=": 410})
	r.expect("KEY2", nil)
	ask := func(key, service, path, target, body string) *http.Response {
		req, _ := http.NewRequestWithContext(context.Background(), "POST", fmt.Sprintf("http://127.0.0.1:%d%s", r.port(), path), strings.NewReader(body))
		if key != "" {
			req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+key+"/20260101/us-east-1/"+service+"/aws4_request, SignedHeaders=host;x-amz-date, Signature="+strings.Repeat("0", 64))
		}
		req.Header.Set("X-Amz-Date", "20260101T000000Z")
		req.Header.Set("X-Amz-Target", target)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res
	}
	for _, k := range []struct {
		key, service, path, target, body string
		status                           int
	}{
		{"", "execute-api", "/prod/@connections/a%3D", "", "x", 403},
		{"KEY1", "execute-api", "/@connections/a%3D", "", "x", 403},
		{"KEY1", "execute-api", "/prod/@connections/a%3D", "", "hello", 200},
		{"KEY1", "execute-api", "/prod/@connections/b%3D", "", "gone", 410},
		{"KEY1", "execute-api", "/prod/@connections/b%3D", "", "gone", 410},
		{"KEY2", "lambda", "/2015-03-31/functions/G/invocations", "", `{"a":1}`, 202},
		{"KEY2", "sqs", "/", "AmazonSQS.SendMessage", `{"QueueUrl":"https://sqs/1/Q","MessageBody":"m"}`, 200},
		{"KEY2", "sqs", "/", "AmazonSQS.SendMessage", `nonsense`, 400},
		{"KEY2", "dynamodb", "/", "DynamoDB_20120810.BatchWriteItem", `{"RequestItems":{"T":[]}}`, 200},
		{"KEY2", "dynamodb", "/", "DynamoDB_20120810.Query", `{"TableName":"T","IndexName":"i"}`, 200},
		{"KEY2", "s3", "/", "", "", 400},
	} {
		if res := ask(k.key, k.service, k.path, k.target, k.body); res.StatusCode != k.status {
			t.Errorf("%s %s %s: %s, want %d", k.key, k.service, k.path, res.Status, k.status)
		}
	}
	one, _ := r.take("KEY1")
	two, used := r.take("KEY2")
	if got, want := fmt.Sprint(one), "[{post a= hello} {post b= gone}]"; got != want {
		t.Errorf("KEY1 made the calls %s, want %s", got, want)
	}
	if got, want := fmt.Sprint(two), "[{invoke G map[a:1]} {send Q m}]"; got != want {
		t.Errorf("KEY2 made the calls %s, want %s", got, want)
	}
	if got, want := fmt.Sprint(used), "map[dynamodb:BatchWriteItem T:true dynamodb:Query T/index/i:true lambda:InvokeFunction G:true sqs:SendMessage Q:true]"; got != want {
		t.Errorf("KEY2 used %s, want %s", got, want)
	}
}

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
            - {Action: execute-api:ManageConnections, Resource: [!Sub "arn:x:${A}/prod/POST/@connections/*"]}
  T: {Type: AWS::DynamoDB::Table}
  Again:
    Type: AWS::IAM::Policy
    Properties:
      Roles: [!Ref FRole]
      PolicyDocument: {Statement: [{Action: lambda:InvokeFunction, Resource: !GetAtt F.Arn}]}
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := readPolicies(path)
	if err != nil {
		t.Fatal(err)
	}
	missing := p.use("F", map[string]bool{
		"lambda:InvokeFunction F": true,
		"dynamodb:GetItem T":      true, "dynamodb:Query T/index/i": true, "dynamodb:Query T/index/j": true, "dynamodb:Scan T": true, "execute-api:ManageConnections POST": true, "execute-api:ManageConnections DELETE": true,
	})
	if got, want := strings.Join(missing, ", "), "dynamodb:Query T/index/j, dynamodb:Scan T, execute-api:ManageConnections DELETE"; got != want {
		t.Errorf("missing: %s, want %s", got, want)
	}
	if got, want := strings.Join(p.unused(), ", "), "F dynamodb:PutItem T, F dynamodb:Query T"; got != want {
		t.Errorf("unused: %s, want %s", got, want)
	}
}
