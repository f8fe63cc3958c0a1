package template

import (
	"maps"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v3"
)

// stack reads every resource that is left in, then what joins them.
func (r *resolver) stack(path string) (*Stack, error) {
	s := &Stack{
		Path: path, Name: r.opts.StackName, Region: r.opts.Region, AccountID: r.opts.AccountID,
		Parameters: map[string]string{}, Outputs: map[string]string{},
	}
	for name, value := range r.parameters {
		s.Parameters[name] = joined(value)
	}
	if err := r.checkConditions(); err != nil {
		return nil, err
	}
	for _, res := range r.resources {
		if err := r.addResource(s, res); err != nil {
			return nil, err
		}
	}
	if err := r.checkTimeouts(s); err != nil {
		return nil, err
	}
	for _, f := range r.outputs {
		if err := r.addOutput(s, f); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// checkConditions evaluates all of them, so that a broken one is found even
// when nothing uses it.
func (r *resolver) checkConditions() error {
	for _, name := range slices.Sorted(maps.Keys(r.conditions)) {
		restore := r.within(name)
		_, err := r.condition(name, nil)
		restore()
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *resolver) addResource(s *Stack, res *resource) error {
	defer r.within(res.id)()
	if ok, err := r.included(res); err != nil || !ok {
		return err
	}
	at := &yaml.Node{Line: res.line}
	if isHarmless(res.typ) {
		return nil
	}
	o := r.object(res.properties, at)
	switch res.typ {
	case functionType:
		o = r.object(merge(r.globals, res.properties), at)
		o.function(s, res)
	case tableType:
		s.Tables = append(s.Tables, o.table(res))
	case queueType:
		s.Queues = append(s.Queues, o.queue(res))
	case webSocketAPIType:
		s.WebSocketAPIs = append(s.WebSocketAPIs, o.webSocketAPI(res))
	case distributionType:
		s.Distributions = append(s.Distributions, o.distribution(res))
	case mappingType:
		o.mapping(s, res)
	case edgeFunctionType:
		o.edgeFunction(res)
	default:
		return r.checkType(res, at)
	}
	o.close()
	return *o.err
}

func (r *resolver) addOutput(s *Stack, f field) error {
	defer r.within(f.name)()
	o := r.object(f.node, f.key)
	o.ignore("Description", "Export")
	if name := o.str("Condition", ""); name != "" {
		if holds, err := r.condition(name, f.key); err != nil || !holds {
			return err
		}
	}
	s.Outputs[f.name] = o.required("Value")
	o.close()
	return *o.err
}

// folder answers CodeUri as an absolute path.
func (r *resolver) folder(uri string) string {
	if filepath.IsAbs(uri) {
		return filepath.Clean(uri)
	}
	absolute, err := filepath.Abs(filepath.Join(filepath.Dir(r.file), uri))
	if err != nil {
		return uri
	}
	return absolute
}
