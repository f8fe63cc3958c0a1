package template

import "strings"

// webSocketAPI reads an AWS::Serverless::WebSocketApi. SAM's default stage is
// called default.
func (o *object) webSocketAPI(res *resource) WebSocketAPI {
	o.ignore("Name", "Description", "Tags", "PropagateTags", "AccessLogSettings", "DefaultRouteSettings",
		"RouteSettings", "Domain", "IpAddressType", "DisableSchemaValidation")
	api := WebSocketAPI{
		LogicalID: res.id, ID: hostLabel(res.id), Domain: o.r.apiDomain(res.id),
		Stage:                    o.str("StageName", "default"),
		RouteSelectionExpression: o.required("RouteSelectionExpression"),
		StageVariables:           o.texts("StageVariables"),
	}
	if !strings.Contains(api.RouteSelectionExpression, "$request.body") &&
		!strings.Contains(api.RouteSelectionExpression, "${request.body") {
		o.failf(o.at, "RouteSelectionExpression %q does not look into $request.body", api.RouteSelectionExpression)
	}
	routes := o.child("Routes")
	if routes == nil || len(routes.all) == 0 {
		o.failf(o.at, "Routes is missing")
		return api
	}
	for _, f := range routes.all {
		if route := routes.child(f.name); route != nil {
			api.Routes = append(api.Routes, route.route(f.name))
		}
	}
	return api
}

// route reads one entry of Routes. Route keys that SAM refuses are refused
// here too: it builds logical ids of them.
func (o *object) route(key string) Route {
	o.ignore("OperationName")
	switch key {
	case "$connect", "$disconnect", "$default":
	default:
		if strings.ContainsFunc(key, notAlphanumeric) {
			o.failf(o.at, "route key %q must be letters and digits only", key)
		}
	}
	arn := o.required("FunctionArn")
	route := Route{
		Key: key, Function: o.r.owner(functionType, "Arn", arn),
		IntegrationTimeoutMillis: o.integer("IntegrationTimeout", 29000, 50, 29000),
	}
	if route.Function == "" {
		o.failf(o.at, "route %s: FunctionArn %q is no function of this template", key, arn)
	}
	o.close()
	return route
}

func notAlphanumeric(c rune) bool {
	return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9')
}
