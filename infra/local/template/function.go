package template

import (
	"go.yaml.in/yaml/v3"
)

// merge lays a resource's properties over Globals as SAM does: mappings are
// merged, lists joined, anything else replaced.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html
func merge(global, local *yaml.Node) *yaml.Node {
	switch {
	case global == nil:
		return local
	case local == nil:
		return global
	case !plain(global) || !plain(local) || global.Kind != local.Kind:
		return local
	case local.Kind == yaml.SequenceNode:
		out := *local
		out.Content = append(append([]*yaml.Node{}, global.Content...), local.Content...)
		return &out
	case local.Kind == yaml.MappingNode:
		return mergeMappings(global, local)
	}
	return local
}

// plain is false for an intrinsic, which cannot be merged before it is known.
func plain(n *yaml.Node) bool {
	name, _, err := new(resolver).intrinsic(n)
	return name == "" && err == nil
}

func mergeMappings(global, local *yaml.Node) *yaml.Node {
	out := *local
	out.Content = nil
	for i := 0; i+1 < len(global.Content); i += 2 {
		key, value := global.Content[i], global.Content[i+1]
		if property(local, key.Value) == nil {
			out.Content = append(out.Content, key, value)
		}
	}
	for i := 0; i+1 < len(local.Content); i += 2 {
		key, value := local.Content[i], local.Content[i+1]
		out.Content = append(out.Content, key, merge(property(global, key.Value), value))
	}
	return &out
}

// function reads an AWS::Serverless::Function, its address and its events.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
func (o *object) function(s *Stack, res *resource) {
	o.ignore("Description", "Policies", "Role", "Tags", "Tracing", "LoggingConfig", "PermissionsBoundary",
		"EphemeralStorage", "RuntimeManagementConfig", "PropagateTags", "AssumeRolePolicyDocument")
	f := Function{
		LogicalID: res.id, Name: o.name(res), ARN: o.attribute(res, "Arn"),
		CodeURI: o.r.folder(o.required("CodeUri")),
		Handler: o.required("Handler"), Runtime: o.required("Runtime"),
		Architectures:  o.strings("Architectures"),
		BuildMethod:    text(property(res.metadata, "BuildMethod")),
		TimeoutSeconds: o.integer("Timeout", 3, 1, 900),
		MemoryMB:       o.integer("MemorySize", 128, 128, 10240),
		EventInvoke:    o.eventInvoke(),
	}
	o.oneOf("PackageType", "Zip", "Zip")
	if env := o.child("Environment"); env != nil {
		f.Environment = env.texts("Variables")
		env.close()
	}
	if o.get("ReservedConcurrentExecutions") != nil {
		n := o.integer("ReservedConcurrentExecutions", 0, 0, 1_000_000)
		f.ReservedConcurrency = &n
	}
	s.Functions = append(s.Functions, f)
	o.functionURL(s, f)
	o.events(s, f)
}

func (o *object) name(res *resource) string {
	o.ignore(nameProperty(res.typ))
	name, err := o.r.name(res)
	o.fail(err)
	return name
}

func (o *object) attribute(res *resource, name string) string {
	value, err := o.r.getAtt(res, name, o.at)
	o.fail(err)
	return value
}

func (o *object) eventInvoke() EventInvokeConfig {
	config := EventInvokeConfig{MaximumRetryAttempts: 2, MaximumEventAgeSeconds: 21600}
	c := o.child("EventInvokeConfig")
	if c == nil {
		return config
	}
	config.MaximumRetryAttempts = c.integer("MaximumRetryAttempts", 2, 0, 2)
	config.MaximumEventAgeSeconds = c.integer("MaximumEventAgeInSeconds", 21600, 60, 21600)
	if d := c.child("DestinationConfig"); d != nil {
		config.OnSuccessARN = d.destination("OnSuccess")
		config.OnFailureARN = d.destination("OnFailure")
		d.close()
	}
	c.close()
	return config
}

// destination reads {Type, Destination}. Without a Destination SAM would make
// one, which nobody here could find.
func (o *object) destination(key string) string {
	d := o.child(key)
	if d == nil {
		return ""
	}
	d.ignore("Type")
	arn := d.required("Destination")
	d.close()
	return arn
}

func (o *object) functionURL(s *Stack, f Function) {
	c := o.child("FunctionUrlConfig")
	if c == nil {
		return
	}
	id := f.LogicalID + "Url"
	domain := o.r.functionURLDomain(id)
	u := FunctionURL{
		LogicalID: id, Function: f.Name, Domain: domain, URL: "https://" + domain + "/",
		AuthType:   c.oneOf("AuthType", "", "NONE", "AWS_IAM"),
		InvokeMode: c.oneOf("InvokeMode", "BUFFERED", "BUFFERED", "RESPONSE_STREAM"),
		CORS:       c.cors(),
	}
	c.close()
	s.FunctionURLs = append(s.FunctionURLs, u)
}

func (o *object) cors() *CORS {
	c := o.child("Cors")
	if c == nil {
		return nil
	}
	defer c.close()
	return &CORS{
		AllowCredentials: c.flag("AllowCredentials", false),
		AllowHeaders:     c.strings("AllowHeaders"), AllowMethods: c.strings("AllowMethods"),
		AllowOrigins: c.strings("AllowOrigins"), ExposeHeaders: c.strings("ExposeHeaders"),
		MaxAgeSeconds: c.integer("MaxAge", 0, 0, 86400),
	}
}
