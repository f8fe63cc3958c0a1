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

func TestTheDeployedTemplateRefusesBadParameters(t *testing.T) {
	for name, value := range map[string]string{
		"Architecture": "mips", "MaxSubscriptions": "0", "MaxConnections": "many", "DomainName": "Not a host",
		"MaxMessageBytes": "131073", "LogRetentionDays": "2", "NoSuchParameter": "1",
	} {
		if _, err := Load(deployed, Options{Parameters: map[string]string{name: value}}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%q: error %v, want one that names the parameter", name, value, err)
		}
	}
}
