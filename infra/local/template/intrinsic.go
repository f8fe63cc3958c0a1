package template

import (
	"encoding/base64"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxText bounds what an expression may grow to: CloudFormation's own limit
// for a whole template.
const maxText = 1 << 20

func scalar(at *yaml.Node, value string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
	if at != nil {
		n.Line = at.Line
	}
	return n
}

// intrinsic recognises an intrinsic function in its short form (!Sub text) and
// in its long one ({"Fn::Sub": text}). The name is the long one; it is empty
// for a plain value.
func (r *resolver) intrinsic(n *yaml.Node) (name string, argument *yaml.Node, err error) {
	if tag := n.Tag; strings.HasPrefix(tag, "!") && !strings.HasPrefix(tag, "!!") {
		name = tag[1:]
		if name != "Ref" && name != "Condition" {
			name = "Fn::" + name
		}
		plain := *n
		plain.Tag = ""
		if plain.Kind == yaml.ScalarNode {
			plain.Tag = "!!str"
		}
		return name, &plain, nil
	}
	if n.Kind != yaml.MappingNode {
		return "", nil, nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i].Value
		if key != "Ref" && !strings.HasPrefix(key, "Fn::") {
			continue
		}
		if len(n.Content) != 2 {
			return "", nil, r.errorf(n.Content[i], key+" must stand alone")
		}
		return key, n.Content[1], nil
	}
	return "", nil, nil
}

// resolve answers n with every intrinsic in it replaced by its value, and nil
// for AWS::NoValue.
func (r *resolver) resolve(n *yaml.Node) (*yaml.Node, error) {
	name, argument, err := r.intrinsic(n)
	if err != nil {
		return nil, err
	}
	if name != "" {
		return r.call(name, n, argument)
	}
	switch n.Kind {
	case yaml.ScalarNode:
		return n, nil
	case yaml.SequenceNode:
		return r.resolveList(n)
	case yaml.MappingNode:
		return r.resolveMapping(n)
	default:
		return nil, r.errorf(n, "YAML aliases are not supported")
	}
}

func (r *resolver) resolveList(n *yaml.Node) (*yaml.Node, error) {
	out := &yaml.Node{Kind: yaml.SequenceNode, Line: n.Line}
	for _, item := range n.Content {
		value, err := r.resolve(item)
		if err != nil {
			return nil, err
		}
		if value != nil {
			out.Content = append(out.Content, value)
		}
	}
	return out, nil
}

func (r *resolver) resolveMapping(n *yaml.Node) (*yaml.Node, error) {
	fields, err := r.fields(n)
	if err != nil {
		return nil, err
	}
	out := &yaml.Node{Kind: yaml.MappingNode, Line: n.Line}
	for _, f := range fields {
		value, err := r.resolve(f.node)
		if err != nil {
			return nil, err
		}
		if value != nil {
			out.Content = append(out.Content, f.key, value)
		}
	}
	return out, nil
}

// call evaluates one intrinsic; n is where it stands.
func (r *resolver) call(name string, n, argument *yaml.Node) (*yaml.Node, error) {
	switch name {
	case "Ref":
		return r.callRef(n, argument)
	case "Fn::GetAtt":
		return r.callGetAtt(n, argument)
	case "Fn::Sub":
		return r.callSub(n, argument)
	case "Fn::Join":
		return r.callJoin(n, argument)
	case "Fn::Split":
		return r.callSplit(n, argument)
	case "Fn::Select":
		return r.callSelect(n, argument)
	case "Fn::If":
		return r.callIf(n, argument)
	case "Fn::FindInMap":
		return r.callFindInMap(n, argument)
	case "Fn::Base64":
		value, err := r.text(argument)
		return scalar(n, base64.StdEncoding.EncodeToString([]byte(value))), err
	case "Fn::Equals", "Fn::And", "Fn::Or", "Fn::Not", "Condition":
		return nil, r.errorf(n, strings.TrimPrefix(name, "Fn::")+" belongs in Conditions or in an If")
	default:
		return nil, r.errorf(n, "unknown intrinsic "+name)
	}
}

// text resolves n to plain text.
func (r *resolver) text(n *yaml.Node) (string, error) {
	value, err := r.resolve(n)
	if err != nil {
		return "", err
	}
	if value == nil || value.Kind != yaml.ScalarNode {
		return "", r.errorf(n, "text is expected here")
	}
	return value.Value, nil
}

// arguments checks that an intrinsic's argument is a list of so many.
func (r *resolver) arguments(n, argument *yaml.Node, low, high int) ([]*yaml.Node, error) {
	if argument.Kind != yaml.SequenceNode || len(argument.Content) < low || len(argument.Content) > high {
		want := strconv.Itoa(low)
		if high != low {
			want += " to " + strconv.Itoa(high)
		}
		return nil, r.errorf(n, "a list of "+want+" is expected after this intrinsic")
	}
	return argument.Content, nil
}

// list resolves n to a list of texts.
func (r *resolver) list(n *yaml.Node) ([]string, error) {
	value, err := r.resolve(n)
	if err != nil {
		return nil, err
	}
	if value == nil || value.Kind != yaml.SequenceNode {
		return nil, r.errorf(n, "a list is expected here")
	}
	var out []string
	for _, item := range value.Content {
		if item.Kind != yaml.ScalarNode {
			return nil, r.errorf(item, "text is expected in this list")
		}
		out = append(out, item.Value)
	}
	return out, nil
}

func (r *resolver) callJoin(n, argument *yaml.Node) (*yaml.Node, error) {
	args, err := r.arguments(n, argument, 2, 2)
	if err != nil {
		return nil, err
	}
	parts, err := r.list(args[1])
	if err != nil {
		return nil, err
	}
	return r.bounded(n, strings.Join(parts, args[0].Value))
}

func (r *resolver) bounded(n *yaml.Node, value string) (*yaml.Node, error) {
	if len(value) > maxText {
		return nil, r.errorf(n, "the text grows beyond 1 MB")
	}
	return scalar(n, value), nil
}

func (r *resolver) callSplit(n, argument *yaml.Node) (*yaml.Node, error) {
	args, err := r.arguments(n, argument, 2, 2)
	if err != nil {
		return nil, err
	}
	value, err := r.text(args[1])
	if err != nil {
		return nil, err
	}
	if args[0].Value == "" {
		return nil, r.errorf(n, "Split needs a delimiter")
	}
	out := &yaml.Node{Kind: yaml.SequenceNode, Line: n.Line}
	for part := range strings.SplitSeq(value, args[0].Value) {
		out.Content = append(out.Content, scalar(n, part))
	}
	return out, nil
}

func (r *resolver) callSelect(n, argument *yaml.Node) (*yaml.Node, error) {
	args, err := r.arguments(n, argument, 2, 2)
	if err != nil {
		return nil, err
	}
	index, err := r.text(args[0])
	if err != nil {
		return nil, err
	}
	values, err := r.list(args[1])
	if err != nil {
		return nil, err
	}
	i, err := strconv.Atoi(index)
	if err != nil || i < 0 || i >= len(values) {
		return nil, r.errorf(n, "Select has no element "+strconv.Quote(index)+" among "+strconv.Itoa(len(values)))
	}
	return scalar(n, values[i]), nil
}

func (r *resolver) callIf(n, argument *yaml.Node) (*yaml.Node, error) {
	args, err := r.arguments(n, argument, 3, 3)
	if err != nil {
		return nil, err
	}
	holds, err := r.condition(args[0].Value, args[0])
	if err != nil {
		return nil, err
	}
	if holds {
		return r.resolve(args[1])
	}
	return r.resolve(args[2])
}

func (r *resolver) callFindInMap(n, argument *yaml.Node) (*yaml.Node, error) {
	args, err := r.arguments(n, argument, 3, 3)
	if err != nil {
		return nil, err
	}
	level := r.mappings
	for i, arg := range args {
		key, err := r.text(arg)
		if err != nil {
			return nil, err
		}
		value := level[key]
		if value == nil {
			return nil, r.errorf(arg, "Mappings has no "+strconv.Quote(key)+" here")
		}
		if i == len(args)-1 {
			return r.resolve(value)
		}
		if level, err = r.index(value); err != nil {
			return nil, err
		}
	}
	return nil, r.errorf(n, "FindInMap needs three keys")
}
