package template

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// field is one key and value of a mapping.
type field struct {
	name string
	key  *yaml.Node
	node *yaml.Node
}

// resource is one entry of Resources, its properties not yet resolved.
type resource struct {
	id         string
	typ        string
	line       int
	condition  string
	properties *yaml.Node
	metadata   *yaml.Node
}

// resolver holds a template's sections and answers what its expressions mean.
type resolver struct {
	file string
	opts Options
	// id is the logical id that errors name.
	id string

	parameters map[string]*yaml.Node
	mappings   map[string]*yaml.Node
	conditions map[string]*yaml.Node
	globals    *yaml.Node
	resources  []*resource
	byID       map[string]*resource
	outputs    []field

	verdicts map[string]bool
	// visiting guards against conditions and names that lead back to themselves.
	visiting map[string]bool
}

func (r *resolver) errorf(n *yaml.Node, message string) error {
	e := &Error{File: r.file, LogicalID: r.id, Message: message}
	if n != nil {
		e.Line = n.Line
	}
	return e
}

// within sets the logical id that errors name, and returns what restores it.
func (r *resolver) within(id string) func() {
	before := r.id
	r.id = id
	return func() { r.id = before }
}

var yamlLine = regexp.MustCompile(`^yaml: line (\d+): (.*)`)

func (r *resolver) syntaxError(err error) error {
	e := &Error{File: r.file, Message: "not YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")}
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		e.Line, _ = strconv.Atoi(m[1])
		e.Message = "not YAML: " + m[2]
	}
	return e
}

func newResolver(data []byte, path string, opts Options) (*resolver, error) {
	r := &resolver{
		file: path, opts: opts,
		parameters: map[string]*yaml.Node{},
		byID:       map[string]*resource{},
		verdicts:   map[string]bool{},
		visiting:   map[string]bool{},
	}
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		return nil, r.syntaxError(err)
	}
	if len(document.Content) == 0 {
		return nil, r.errorf(nil, "the template is empty")
	}
	return r, r.readSections(document.Content[0])
}

func (r *resolver) readSections(root *yaml.Node) error {
	fields, err := r.fields(root)
	if err != nil {
		return err
	}
	for _, f := range fields {
		if err := r.readSection(f); err != nil {
			return err
		}
	}
	if len(r.resources) == 0 {
		return r.errorf(root, "the template has no Resources")
	}
	return r.checkOverrides()
}

func (r *resolver) readSection(f field) error {
	var err error
	switch f.name {
	case "AWSTemplateFormatVersion", "Description", "Metadata", "Rules":
	case "Transform":
		err = r.checkTransform(f.node)
	case "Globals":
		err = r.readGlobals(f.node)
	case "Parameters":
		err = r.readParameters(f.node)
	case "Mappings":
		r.mappings, err = r.index(f.node)
	case "Conditions":
		r.conditions, err = r.index(f.node)
	case "Resources":
		err = r.readResources(f.node)
	case "Outputs":
		r.outputs, err = r.fields(f.node)
	default:
		err = r.errorf(f.key, "unknown section "+f.name)
	}
	return err
}

func (r *resolver) checkTransform(n *yaml.Node) error {
	names := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		names = n.Content
	}
	for _, name := range names {
		if name.Value != "AWS::Serverless-2016-10-31" {
			return r.errorf(name, "unknown transform "+strconv.Quote(name.Value))
		}
	}
	return nil
}

func (r *resolver) readGlobals(n *yaml.Node) error {
	fields, err := r.fields(n)
	for _, f := range fields {
		if f.name != "Function" {
			return r.errorf(f.key, "Globals for "+f.name+" are not supported, only for Function")
		}
		r.globals = f.node
	}
	return err
}

func (r *resolver) readResources(n *yaml.Node) error {
	fields, err := r.fields(n)
	if err != nil {
		return err
	}
	for _, f := range fields {
		res, err := r.readResource(f)
		if err != nil {
			return err
		}
		r.resources = append(r.resources, res)
		r.byID[res.id] = res
	}
	return nil
}

func (r *resolver) readResource(f field) (*resource, error) {
	defer r.within(f.name)()
	attributes, err := r.fields(f.node)
	if err != nil {
		return nil, err
	}
	res := &resource{id: f.name, line: f.key.Line}
	for _, a := range attributes {
		switch a.name {
		case "Type":
			res.typ = a.node.Value
		case "Condition":
			res.condition = a.node.Value
		case "Properties":
			res.properties = a.node
		case "Metadata":
			res.metadata = a.node
		case "DependsOn", "DeletionPolicy", "UpdateReplacePolicy", "CreationPolicy", "UpdatePolicy", "Connectors":
		default:
			return nil, r.errorf(a.key, "unknown resource attribute "+a.name)
		}
	}
	if res.typ == "" {
		return nil, r.errorf(f.key, "the resource has no Type")
	}
	return res, nil
}

// fields lists a mapping's keys in order.
func (r *resolver) fields(n *yaml.Node) ([]field, error) {
	if n == nil || n.Tag == "!!null" && n.Kind == yaml.ScalarNode {
		return nil, nil
	}
	if n.Kind != yaml.MappingNode {
		return nil, r.errorf(n, "a mapping is expected here, not "+kindName(n))
	}
	seen := map[string]bool{}
	var out []field
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
			return nil, r.errorf(key, "a key must be plain text")
		}
		if seen[key.Value] {
			return nil, r.errorf(key, key.Value+" is given twice")
		}
		seen[key.Value] = true
		out = append(out, field{key.Value, key, value})
	}
	return out, nil
}

func (r *resolver) index(n *yaml.Node) (map[string]*yaml.Node, error) {
	fields, err := r.fields(n)
	out := make(map[string]*yaml.Node, len(fields))
	for _, f := range fields {
		out[f.name] = f.node
	}
	return out, err
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "a mapping"
	case yaml.AliasNode:
		return "a YAML alias"
	default:
		return strconv.Quote(n.Value)
	}
}

// lineError turns a plain error into one that names n's line.
func (r *resolver) lineError(n *yaml.Node, err error) error {
	var located *Error
	if err == nil || errors.As(err, &located) {
		return err
	}
	return r.errorf(n, err.Error())
}
