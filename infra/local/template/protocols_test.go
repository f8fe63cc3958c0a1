package template

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestNothingNamesWhatIsLeftOut resolves every property of every resource and output that a stack has
// with these parameters, also those that nothing here runs by, such as policies: CloudFormation refuses
// a template that names a resource whose condition is false.
func TestNothingNamesWhatIsLeftOut(t *testing.T) {
	data, err := os.ReadFile(deployed)
	if err != nil {
		t.Fatal(err)
	}
	for _, protocols := range []string{"both", "mastodon", "pusher"} {
		for _, switches := range []string{"off", "on"} {
			r, err := newResolver(data, deployed, Options{Parameters: map[string]string{
				"SourceStreamArn": map[string]string{"on": ordersStream}[switches],
				"Protocols":       protocols, "Console": switches, "AccessLogs": switches, "Tracing": switches}}.withDefaults())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.stack(deployed); err != nil {
				t.Errorf("%s, %s: %v", protocols, switches, err)
			}
			for _, res := range r.resources {
				if ok, err := r.included(res); err != nil || !ok || res.properties == nil {
					continue
				}
				if _, err := r.resolve(res.properties); err != nil {
					t.Errorf("%s, %s: %s: %v", protocols, switches, res.id, err)
				}
			}
		}
	}
}

// TestAProtocolThatIsLeftOutHasNoFunctions: what serves both is always there.
func TestAProtocolThatIsLeftOutHasNoFunctions(t *testing.T) {
	for protocols, want := range map[string]string{
		"both":     "Connect Subscribe Disconnect Greet Replay Sse Publish Deliver Api Enforce Notify Sweep",
		"mastodon": "Connect Subscribe Disconnect Greet Replay Sse Publish Deliver Enforce Sweep",
		"pusher":   "Connect Subscribe Disconnect Greet Publish Deliver Api Enforce Notify Sweep",
	} {
		stack, err := Load(deployed, Options{Parameters: map[string]string{"Protocols": protocols}})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range stack.Functions {
			got = append(got, strings.TrimSuffix(f.LogicalID, "Function"))
			if named, ok := f.Environment["PROTOCOLS"]; ok && named != protocols {
				t.Errorf("%s: %s is told %s", protocols, f.LogicalID, named)
			}
		}
		if !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s: %v, want %s", protocols, got, want)
		}
		for name, protocol := range map[string]string{"WebSocketUrl": "mastodon", "SseUrl": "mastodon", "ChannelsUrl": "pusher"} {
			if _, has := stack.Outputs[name]; has != (protocols == "both" || protocols == protocol) {
				t.Errorf("%s: that there is an output %s is %v", protocols, name, has)
			}
		}
	}
}

// TestAProtocolThatIsLeftOutHasNoPermissions: what serves both may do what the one left needs.
func TestAProtocolThatIsLeftOutHasNoPermissions(t *testing.T) {
	data, err := os.ReadFile(deployed)
	if err != nil {
		t.Fatal(err)
	}
	const queue, log = ":HookQueue", "/index/place"
	for protocols, without := range map[string]string{"mastodon": queue, "pusher": log} {
		for _, arn := range resourcesOf(t, data, protocols) {
			if strings.HasPrefix(arn, "arn:") && strings.Contains(arn, without) {
				t.Errorf("%s: %s is allowed", protocols, arn)
			}
		}
	}
	if both := strings.Join(resourcesOf(t, data, "both"), ""); !strings.Contains(both, queue) || !strings.Contains(both, log) {
		t.Error("what is looked for is in no policy")
	}
}

// resourcesOf are the ARNs that the functions' policies of a stack with these protocols name.
func resourcesOf(t *testing.T, template []byte, protocols string) (arns []string) {
	t.Helper()
	r, err := newResolver(template, deployed, Options{Parameters: map[string]string{"Protocols": protocols}}.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	for _, res := range r.resources {
		if ok, err := r.included(res); err != nil || !ok || res.typ != "AWS::Serverless::Function" {
			continue
		}
		properties, err := r.resolve(res.properties)
		if err != nil {
			t.Fatal(err)
		}
		text, err := yaml.Marshal(properties)
		if err != nil {
			t.Fatal(err)
		}
		arns = append(arns, strings.Fields(string(text))...)
	}
	return arns
}

// variableOfNoValue is a variable that may have none: the SAM CLI does not resolve it, and leaves it empty.
var variableOfNoValue = regexp.MustCompile(`(?m)^ +[A-Z_]+: !If .*AWS::NoValue.*$`)

func TestEveryVariableHasAValueForTheSAMCLI(t *testing.T) {
	read(t, deployed, func(text []byte) error {
		if found := variableOfNoValue.FindAll(text, -1); len(found) > 0 {
			t.Errorf("%s", found)
		}
		return nil
	})
}

func TestAReferenceToWhatIsLeftOutIsFound(t *testing.T) {
	const text = `
Parameters: {P: {Type: String, Default: "off"}}
Conditions: {On: !Equals [!Ref P, "on"]}
Resources:
  Q: {Type: AWS::SQS::Queue, Condition: On}
  I:
    Type: AWS::IAM::Policy
    Properties: {PolicyDocument: {Statement: [{Resource: !GetAtt Q.Arn}]}}
`
	r, err := newResolver([]byte(text), "t.yaml", Options{}.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.resolve(r.byID["I"].properties); err == nil || !strings.Contains(err.Error(), "Q is left out") {
		t.Errorf("error %v", err)
	}
}
