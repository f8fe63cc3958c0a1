package template

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const deployed = "../../../template.yaml"

// TestTheDeployedTemplateReadsAsRecorded holds the whole stack against
// testdata/stack.json. UPDATE_GOLDEN=1 records it anew, for a reviewer to read.
func TestTheDeployedTemplateReadsAsRecorded(t *testing.T) {
	stack, err := Load(deployed, Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := portable(t, stack)
	const golden = "testdata/stack.json"
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("template.yaml reads differently (-recorded +read); if that is meant, run with UPDATE_GOLDEN=1:\n%s", diff)
	}
}

// portable is the stack as JSON with paths relative to the repository, and
// without the edge function's code, which infra/edge tests.
func portable(t *testing.T, stack *Stack) string {
	t.Helper()
	for i := range stack.Distributions {
		for j := range stack.Distributions[i].Behaviors {
			b := &stack.Distributions[i].Behaviors[j]
			if b.ViewerRequest == nil || !strings.Contains(b.ViewerRequest.Code, "function handler(event)") {
				t.Errorf("behaviour %s has no edge function with a handler", b.PathPattern)
				continue
			}
			b.ViewerRequest.Code, b.ViewerRequest.Line = "", 0
		}
	}
	out, err := json.MarshalIndent(stack, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(out), filepath.Dir(stack.Path), "…") + "\n"
}

func TestTheDeployedTemplateTakesItsParameters(t *testing.T) {
	const certificate = "arn:aws:acm:us-east-1:123456789012:certificate/abc"
	stack, err := Load(deployed, Options{
		Region: "eu-central-1", AccountID: "210987654321", StackName: "live",
		Parameters: map[string]string{
			"Architecture": "x86_64", "ReservedConcurrency": "7", "MaxSubscriptions": "3",
			"DomainName": "stream.example.com", "CertificateArn": certificate,
			"AccessLogs": "on", "Tracing": "on",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	connect := stack.Functions[0]
	if connect.ReservedConcurrency == nil || *connect.ReservedConcurrency != 7 {
		t.Errorf("reserved concurrency is %v, want 7", connect.ReservedConcurrency)
	}
	if got := connect.Environment["MAX_SUBSCRIPTIONS"]; got != "3" {
		t.Errorf("MAX_SUBSCRIPTIONS is %q, want 3", got)
	}
	if diff := cmp.Diff([]string{"x86_64"}, connect.Architectures); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"stream.example.com"}, stack.Distributions[0].Aliases); diff != "" {
		t.Error(diff)
	}
	want := map[string]string{
		"WebSocketUrl": "wss://stream.example.com/api/v1/streaming",
		"CallbackUrl":  "https://streamapi.execute-api.eu-central-1.amazonaws.com/prod",
	}
	for name, value := range want {
		if stack.Outputs[name] != value {
			t.Errorf("output %s is %q, want %q", name, stack.Outputs[name], value)
		}
	}
	if got, want := connect.ARN, "arn:aws:lambda:eu-central-1:210987654321:function:ConnectFunction"; got != want {
		t.Errorf("ARN %q, want %q", got, want)
	}
}

const ordersStream = "arn:aws:dynamodb:eu-west-1:210987654321:table/orders/stream/2026-11-22T10:00:00.000"

// TestATableOfTheApplicationsIsReadAsContentIs, if there is one, except that most of it is filtered out.
func TestATableOfTheApplicationsIsReadAsContentIs(t *testing.T) {
	for arn, want := range map[string]int{"": 0, ordersStream: 1} {
		stack, err := Load(deployed, Options{Parameters: map[string]string{"SourceStreamArn": arn}})
		if err != nil {
			t.Fatal(err)
		}
		mappings := map[string]StreamMapping{}
		for _, m := range stack.Streams {
			mappings[m.LogicalID] = m
		}
		content, source := mappings["PublishFunctionContent"], mappings["PublishSource"]
		if got := len(mappings) - 2; got != want {
			t.Fatalf("%q: %d mappings besides those of Content and Accounts", arn, got)
		}
		if want == 0 {
			continue
		}
		if source.StreamARN != ordersStream || source.Table != "" || len(source.Filters) == 0 {
			t.Errorf("%+v", source)
		}
		source.LogicalID, source.StreamARN, source.Table, source.Filters = content.LogicalID, content.StreamARN, content.Table, content.Filters
		same(t, "settings", content, source)
		for _, f := range stack.Functions {
			if got := f.Environment["SOURCE_STREAM_ARN"]; (got == arn) != (f.LogicalID == "PublishFunction") {
				t.Errorf("%s is told %q", f.LogicalID, got)
			}
		}
	}
}

// TestThePermissionsForATableOfTheApplicationsAreForItAlone, and for nothing else.
func TestThePermissionsForATableOfTheApplicationsAreForItAlone(t *testing.T) {
	data, err := os.ReadFile(deployed)
	if err != nil {
		t.Fatal(err)
	}
	r, err := newResolver(data, deployed, Options{Parameters: map[string]string{"SourceStreamArn": ordersStream}}.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	policy, err := r.resolve(r.byID["PublishSourceReader"].properties)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Document struct {
			Statement []struct {
				Action   []string `yaml:"Action"`
				Resource string   `yaml:"Resource"`
			} `yaml:"Statement"`
		} `yaml:"PolicyDocument"`
	}
	if err := policy.Decode(&got); err != nil || len(got.Document.Statement) != 1 {
		t.Fatalf("%+v %v", got, err)
	}
	statement := got.Document.Statement[0]
	same(t, "actions", []string{"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"}, statement.Action)
	same(t, "resource", ordersStream, statement.Resource)
}

func TestTheDeployedTemplateRefusesBadParameters(t *testing.T) {
	for name, value := range map[string]string{
		"Architecture": "mips", "MaxSubscriptions": "0", "MaxConnections": "many", "DomainName": "Not a host",
		"MaxMessageBytes": "131073", "LogRetentionDays": "2", "NoSuchParameter": "1",
		"SourceStreamArn": "arn:aws:dynamodb:us-east-1:123456789012:table/orders",
	} {
		if _, err := Load(deployed, Options{Parameters: map[string]string{name: value}}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%q: error %v, want one that names the parameter", name, value, err)
		}
	}
}
