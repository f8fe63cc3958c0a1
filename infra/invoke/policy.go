package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// policies is what the template allows each function, and whether a case has used it.
// A permission is an action and a resource: the logical id of a table, function or
// queue, TABLE/index/NAME of an index, or the method for API Gateway's connections.
type policies struct {
	mu     *sync.Mutex
	allows map[string]map[string]bool
}

// readPolicies reads the inline policies of the template's functions, and those that stand for
// themselves and name functions' roles. What SAM adds for logs and streams is not looked at, nor is the
// reading of streams, which Lambda does.
func readPolicies(path string) (policies, error) {
	p := policies{new(sync.Mutex), map[string]map[string]bool{}}
	data, err := os.ReadFile(path)
	if err != nil {
		return p, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		return p, fmt.Errorf("%s: %w", path, err)
	}
	resources := child(document.Content[0], "Resources")
	for i := 0; i+1 < len(resources.Content); i += 2 {
		properties := child(resources.Content[i+1], "Properties")
		for _, policy := range elements(child(properties, "Policies")) {
			p.grant(resources.Content[i].Value, policy)
		}
		if child(resources.Content[i+1], "Type").Value == "AWS::IAM::Policy" {
			for _, role := range elements(child(properties, "Roles")) {
				p.grant(strings.TrimSuffix(role.Value, "Role"), child(properties, "PolicyDocument"))
			}
		}
	}
	return p, nil
}

// grant adds what a policy allows a function.
func (p policies) grant(function string, policy *yaml.Node) {
	if p.allows[function] == nil {
		p.allows[function] = map[string]bool{}
	}
	for _, statement := range elements(child(policy, "Statement")) {
		grant(p.allows[function], unconditioned(statement))
	}
}

// unconditioned is what stands there if the condition holds: the cases are of a stack that has everything.
func unconditioned(n *yaml.Node) *yaml.Node {
	if n.Tag == "!If" && len(n.Content) == 3 {
		return n.Content[1]
	}
	return n
}

// ofStreams are the actions with which Lambda reads a table's stream for a function.
var ofStreams = []string{"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"}

func grant(granted map[string]bool, statement *yaml.Node) {
	for _, action := range elements(child(statement, "Action")) {
		if slices.Contains(ofStreams, action.Value) {
			continue
		}
		for _, resource := range elements(child(statement, "Resource")) {
			granted[action.Value+" "+resourceName(resource.Value)] = false
		}
	}
}

// child is a mapping's value, nil if it has none.
func child(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// elements treats one value as a list of one, as policies do.
func elements(n *yaml.Node) []*yaml.Node {
	if n == nil || n.Kind == yaml.SequenceNode {
		if n == nil {
			return nil
		}
		return n.Content
	}
	return []*yaml.Node{n}
}

var connectionsMethod = regexp.MustCompile(`/([A-Z]+)/@connections/\*$`)

// indexARN is what !Sub makes of a table's ARN for one of its indexes.
var indexARN = regexp.MustCompile(`^\$\{(\w+)\.Arn\}(/index/[^/]+)$`)

// resourceName is X of `!GetAtt X.Arn`, X/index/I of `!Sub ${X.Arn}/index/I`, or the method of a
// @connections ARN.
func resourceName(text string) string {
	if m := indexARN.FindStringSubmatch(text); m != nil {
		return m[1] + m[2]
	}
	if m := connectionsMethod.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return strings.TrimSuffix(text, ".Arn")
}

// use marks what a function has used, and answers what it may not.
func (p policies) use(function string, used map[string]bool) (missing []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for permission := range used {
		if _, allowed := p.allows[function][permission]; !allowed {
			missing = append(missing, permission)
			continue
		}
		p.allows[function][permission] = true
	}
	slices.Sort(missing)
	return missing
}

func (p policies) unused() (out []string) {
	for function, granted := range p.allows {
		for permission, used := range granted {
			if !used {
				out = append(out, function+" "+permission)
			}
		}
	}
	slices.Sort(out)
	return out
}
