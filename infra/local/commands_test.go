package main

import (
	"bytes"
	"net/http/httptest"
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
