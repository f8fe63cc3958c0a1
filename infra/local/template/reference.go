package template

import (
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

func (r *resolver) callRef(n, argument *yaml.Node) (*yaml.Node, error) {
	if argument.Kind != yaml.ScalarNode {
		return nil, r.errorf(n, "Ref takes a name")
	}
	if argument.Value == "AWS::NoValue" {
		return nil, nil
	}
	if p := r.parameters[argument.Value]; p != nil && p.Kind == yaml.SequenceNode {
		return p, nil
	}
	value, err := r.ref(argument.Value, n)
	if err != nil {
		return nil, err
	}
	return scalar(n, value), nil
}

// ref answers !Ref of a parameter, a pseudo parameter or a resource, as text.
func (r *resolver) ref(name string, at *yaml.Node) (string, error) {
	if value, ok := r.pseudo(name); ok {
		return value, nil
	}
	if p := r.parameters[name]; p != nil {
		return joined(p), nil
	}
	res, err := r.find(name, at)
	if err != nil {
		return "", err
	}
	return r.refResource(res, at)
}

func joined(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		return n.Value
	}
	var parts []string
	for _, item := range n.Content {
		parts = append(parts, item.Value)
	}
	return strings.Join(parts, ",")
}

// pseudo answers the pseudo parameters of
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html
func (r *resolver) pseudo(name string) (string, bool) {
	switch name {
	case "AWS::Region":
		return r.opts.Region, true
	case "AWS::AccountId":
		return r.opts.AccountID, true
	case "AWS::Partition":
		return "aws", true
	case "AWS::URLSuffix":
		return "amazonaws.com", true
	case "AWS::StackName":
		return r.opts.StackName, true
	case "AWS::StackId":
		return r.arn("cloudformation", "stack/"+r.opts.StackName+"/local"), true
	}
	return "", false
}

// find answers the resource called id, also one that SAM generates for a
// function: its address FUNCTIONUrl and its role FUNCTIONRole.
func (r *resolver) find(id string, at *yaml.Node) (*resource, error) {
	res := r.byID[id]
	if res == nil {
		res = r.generated(id)
	}
	if res == nil {
		return nil, r.errorf(at, "nothing in the template is called "+strconv.Quote(id))
	}
	ok, err := r.included(res)
	if err == nil && !ok {
		err = r.errorf(at, id+" is left out, since its condition "+res.condition+" is false")
	}
	return res, err
}

func (r *resolver) generated(id string) *resource {
	for suffix, typ := range map[string]string{"Url": "AWS::Lambda::Url", "Role": "AWS::IAM::Role"} {
		owner := r.byID[strings.TrimSuffix(id, suffix)]
		if !strings.HasSuffix(id, suffix) || owner == nil || owner.typ != functionType {
			continue
		}
		if suffix == "Url" && property(owner.properties, "FunctionUrlConfig") == nil {
			continue
		}
		return &resource{id: id, typ: typ, line: owner.line, condition: owner.condition}
	}
	return nil
}

// property finds a key without resolving anything.
func property(n *yaml.Node, name string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}

func (r *resolver) callGetAtt(n, argument *yaml.Node) (*yaml.Node, error) {
	id, attribute := "", ""
	if argument.Kind == yaml.ScalarNode {
		id, attribute, _ = strings.Cut(argument.Value, ".")
	} else {
		args, err := r.arguments(n, argument, 2, 2)
		if err != nil {
			return nil, err
		}
		id = args[0].Value
		if attribute, err = r.text(args[1]); err != nil {
			return nil, err
		}
	}
	value, err := r.attribute(id, attribute, n)
	if err != nil {
		return nil, err
	}
	return scalar(n, value), nil
}

// attribute answers !GetAtt id.name.
func (r *resolver) attribute(id, name string, at *yaml.Node) (string, error) {
	if name == "" {
		return "", r.errorf(at, "GetAtt takes a resource, a dot and an attribute")
	}
	res, err := r.find(id, at)
	if err != nil {
		return "", err
	}
	return r.getAtt(res, name, at)
}

var (
	subPattern = regexp.MustCompile(`\$\{[^{}]*\}`)
	subName    = regexp.MustCompile(`^[A-Za-z0-9_:]+(\.[A-Za-z0-9_.]+)?$`)
)

// callSub is Fn::Sub with a text, or with a text and a mapping of names.
func (r *resolver) callSub(n, argument *yaml.Node) (*yaml.Node, error) {
	format, names := argument, map[string]*yaml.Node(nil)
	if argument.Kind == yaml.SequenceNode {
		args, err := r.arguments(n, argument, 2, 2)
		if err != nil {
			return nil, err
		}
		format = args[0]
		if names, err = r.index(args[1]); err != nil {
			return nil, err
		}
	}
	if format.Kind != yaml.ScalarNode {
		return nil, r.errorf(n, "Sub takes text")
	}
	return r.substitute(n, format.Value, names)
}

func (r *resolver) substitute(n *yaml.Node, format string, names map[string]*yaml.Node) (*yaml.Node, error) {
	var first error
	// Each name is evaluated once: nested Subs would otherwise take
	// exponential time.
	known := map[string]string{}
	value := subPattern.ReplaceAllStringFunc(format, func(match string) string {
		name := match[2 : len(match)-1]
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + literal + "}"
		}
		text, done := known[name]
		if done || first != nil {
			return text
		}
		text, first = r.subValue(n, name, names)
		known[name] = text
		return text
	})
	if first != nil {
		return nil, first
	}
	return r.bounded(n, value)
}

func (r *resolver) subValue(n *yaml.Node, name string, names map[string]*yaml.Node) (string, error) {
	if node := names[name]; node != nil {
		return r.text(node)
	}
	if !subName.MatchString(name) {
		return "", r.errorf(n, "Sub cannot read ${"+name+"}")
	}
	if id, attribute, ok := strings.Cut(name, "."); ok {
		return r.attribute(id, attribute, n)
	}
	return r.ref(name, n)
}
