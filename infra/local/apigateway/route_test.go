package apigateway

import (
	"strings"
	"testing"
)

func TestTheRouteKeyComesFromTheMessage(t *testing.T) {
	const simple, nested, double = "$request.body.type", "$request.body.a.b", "${request.body.a}/x-${request.body.b.c}"
	tests := []struct{ name, expression, message, want string }{
		{"a field", simple, `{"type":"subscribe"}`, "subscribe"},
		{"the last of two", simple, `{"type":"one","type":"two"}`, "two"},
		{"another case is another field", simple, `{"Type":"subscribe"}`, ""},
		{"a missing field", simple, `{}`, ""},
		{"null", simple, `{"type":null}`, ""},
		{"a number", simple, `{"type":12.50}`, "12.50"},
		{"a boolean", simple, `{"type":true}`, "true"},
		{"an object", simple, `{"type":{"x":1}}`, `{"x":1}`},
		{"an array at the top", simple, `["subscribe"]`, ""},
		{"a string at the top", simple, `"subscribe"`, ""},
		{"no JSON", simple, `subscribe`, ""},
		{"JSON and more", simple, `{"type":"subscribe"}x`, ""},
		{"nothing", simple, ``, ""},
		{"deep nesting", simple, strings.Repeat("[", 20000), ""},
		{"a nested field", nested, `{"a":{"b":"deep"}}`, "deep"},
		{"a path through a string", nested, `{"a":"b"}`, ""},
		{"two fields", double, `{"a":"one","b":{"c":2}}`, "one/x-2"},
		{"one of two missing", double, `{"b":{"c":"two"}}`, "/x-two"},
		{"two fields of no JSON", double, `x`, ""},
		{"braces around one", "${request.body.type}", `{"type":"s"}`, "s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := newSelector(tt.expression)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.routeKey([]byte(tt.message)); got != tt.want {
				t.Errorf("key %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNoMessageSelectsADollarRouteByName(t *testing.T) {
	s := fixedServer(t)
	for message, want := range map[string]string{
		`{"type":"$connect"}`: "$default", `{"type":"$disconnect"}`: "$default", `{"type":"$default"}`: "$default",
		`{"type":"subscribe"}`: "subscribe", `{"type":"Subscribe"}`: "$default", `nonsense`: "$default",
	} {
		if key, _, ok := s.selectRoute([]byte(message)); key != want || !ok {
			t.Errorf("%s went to %q, %v; want %q", message, key, ok, want)
		}
	}
}

func TestAnAPIThatAWSWouldRefuseIsRefused(t *testing.T) {
	good := func() API { return testAPI() }
	tests := []struct {
		name  string
		spoil func(*API)
		want  string
	}{
		{"no stage", func(a *API) { a.Stage = "" }, "stage"},
		{"a stage with a slash", func(a *API) { a.Stage = "a/b" }, "stage"},
		{"an empty key", func(a *API) { a.Routes[""] = Route{Function: "f"} }, "empty"},
		{"a reserved key", func(a *API) { a.Routes["$mine"] = Route{Function: "f"} }, "$mine"},
		{"no function", func(a *API) { a.Routes["x"] = Route{} }, `"x"`},
		{"no expression", func(a *API) { a.RouteSelectionExpression = "" }, "names no field"},
		{"an expression on a header", func(a *API) { a.RouteSelectionExpression = "$request.header.x" }, "$request.header.x"},
		{"an unclosed brace", func(a *API) { a.RouteSelectionExpression = "${request.body.a" }, "want ${request.body.FIELD}"},
		{"a brace on a header", func(a *API) { a.RouteSelectionExpression = "${request.header.a}" }, "want ${request.body.FIELD}"},
		{"an empty field", func(a *API) { a.RouteSelectionExpression = "$request.body.a..b" }, "not supported"},
		{"an index", func(a *API) { a.RouteSelectionExpression = "$request.body.a[0]" }, "not supported"},
		{"a constant", func(a *API) { a.RouteSelectionExpression = "subscribe" }, "names no field"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			api := good()
			tt.spoil(&api)
			if _, err := New(api, Options{Invoke: newLambda().invoke}); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one about %q", err, tt.want)
			}
		})
	}
	if _, err := New(good(), Options{}); err == nil {
		t.Error("no Invoke, and no error")
	}
}

func FuzzRouteKey(f *testing.F) {
	f.Add("$request.body.type", []byte(`{"type":"subscribe"}`))
	f.Add("${request.body.a}/${request.body.b}", []byte(`{"a":{"b":[1,"x"]}}`))
	f.Fuzz(func(t *testing.T, expression string, message []byte) {
		s, err := newSelector(expression)
		if err != nil {
			return
		}
		if first, second := s.routeKey(message), s.routeKey(message); first != second {
			t.Errorf("%q on %q: %q, then %q", expression, message, first, second)
		}
	})
}
