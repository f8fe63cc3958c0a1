package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"edgestream/infra/local/dynamodb"
	"edgestream/infra/local/template"
)

// put and delete find DynamoDB where the AWS CLI finds it, unless they are told.
func TestItemsAreWrittenWhereTheEnvironmentSays(t *testing.T) {
	engine := dynamodb.New(dynamodb.Options{})
	server := httptest.NewServer(engine)
	defer func() { server.Close(); engine.Close() }()
	orders := template.Table{Name: "orders", BillingMode: "PAY_PER_REQUEST",
		Attributes: []template.Attribute{{Name: "orderId", Type: "S"}}, Keys: []template.Key{{Name: "orderId", Type: "HASH"}}}
	if err := newDatabase(server.URL, "us-east-1").ensure(t.Context(), []template.Table{orders}); err != nil {
		t.Fatal(err)
	}
	const nowhere = "http://127.0.0.1:1"
	for _, c := range []struct {
		specific, general string
		args              []string
		says              string
	}{
		{server.URL, nowhere, []string{"put", "orders", `{"orderId":"7"}`}, "orders: created\n"},
		{"", server.URL, []string{"put", "orders", `{"orderId":"7","total":1.50}`}, "orders: changed\n"},
		{nowhere, nowhere, []string{"delete", "-endpoint", server.URL, "orders", `{"orderId":"7"}`}, "orders: deleted\n"},
	} {
		t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", c.specific)
		t.Setenv("AWS_ENDPOINT_URL", c.general)
		t.Setenv("AWS_REGION", "us-east-1")
		var out bytes.Buffer
		if known, err := runCommand(t.Context(), c.args, nil, &out, &out); !known || err != nil || out.String() != c.says {
			t.Errorf("%q: %v, %v, says %q", c.args, known, err, out.String())
		}
	}
}

// What a command was told wrong is said in the words of the command.
func TestACommandSaysWhatMayBeWrong(t *testing.T) {
	engine := dynamodb.New(dynamodb.Options{})
	server := httptest.NewServer(engine)
	defer func() { server.Close(); engine.Close() }()
	events := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	defer events.Close()
	content := template.Table{Name: "Content", BillingMode: "PAY_PER_REQUEST",
		Attributes: []template.Attribute{{Name: "owner", Type: "S"}}, Keys: []template.Key{{Name: "owner", Type: "HASH"}}}
	if err := newDatabase(server.URL, "us-east-1").ensure(t.Context(), []template.Table{content}); err != nil {
		t.Fatal(err)
	}
	const nowhere, running = "http://127.0.0.1:1", "nothing answers at http://127.0.0.1:1 (is infra/local running, and on that port?): dial tcp"
	for _, c := range []struct {
		says string
		args []string
	}{
		{running, []string{"put", "--endpoint", nowhere, "Content", `{"owner":"1"}`}},
		{running, []string{"delete", "--endpoint", nowhere, "Content", `{"owner":"1"}`}},
		{running, []string{"listen", nowhere}},
		{"localhost:8080: want a URL that begins with ws://", []string{"listen", "localhost:8080"}},
		{"want: go run ./infra/local put [flags] TABLE ITEM", []string{"put", "Content", "--endpoint", nowhere, `{"owner":"1"}`}},
		{`there is no table "Contnet" at ` + server.URL + ", but: Content", []string{"put", "--endpoint", server.URL, "Contnet", `{}`}},
		{`there is no table "Contnet"`, []string{"delete", "--endpoint", server.URL, "Contnet", `{"owner":"1"}`}},
		{"flag provided but not defined: -endpiont; --help", []string{"put", "--endpiont", nowhere, "Content", `{}`}},
		{"a path with a stream is server-sent events, and wants http://", []string{"listen", "ws" + strings.TrimPrefix(events.URL, "http") + "/api/v1/streaming/user"}},
	} {
		if _, err := runCommand(t.Context(), c.args, nil, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v", c.args, err)
		}
	}
}

func TestAFlagThatThereIsNotIsSaidWithoutTheHelp(t *testing.T) {
	var out bytes.Buffer
	if _, err := parseOptions([]string{"--lsten", "x"}, &out); err == nil || err.Error() != "flag provided but not defined: -lsten; --help lists the flags" || out.Len() > 0 {
		t.Errorf("%v, printed %q", err, out.String())
	}
}
