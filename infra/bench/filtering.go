package main

import (
	"bytes"
	"context"
	"edgestream/infra/stack"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// blocked is an account that everyone who filters blocks.
const blocked = "blocked"

// filter gives each what a person may filter: blocks, mutes and domains, three languages, and five
// filters, of which one matches what statusItem says. It returns when that has been enforced, and
// filters_changed published.
func (p people) filter(ctx context.Context, db *dynamodb.Client, l *stack.Stack) error {
	enforced, published := records(l, "EnforceFunction")+p.n, records(l, "PublishFunction")+p.n
	if err := p.put(ctx, db, p.preferences); err != nil {
		return err
	}
	return poll(ctx, func() string {
		left, unsaid := enforced-records(l, "EnforceFunction"), published-records(l, "PublishFunction")
		if left <= 0 && unsaid <= 0 {
			return ""
		}
		return fmt.Sprintf("of %d changes of filters, %d have not been enforced and %d not been published", p.n, left, unsaid)
	})
}

// records is how many records of a table's stream the function has had.
func records(l *stack.Stack, function string) (n int) {
	for _, i := range l.Invocations() {
		if i.Function == function {
			n += i.Records
		}
	}
	return n
}

func (p people) preferences(i int) item {
	strangers := func(kind string, n int) []string {
		all := make([]string, n)
		for j := range all {
			all[j] = fmt.Sprintf("%s-%d-%d", kind, i, j)
		}
		return all
	}
	filters := []types.AttributeValue{filterOf("0", "Edgestream", true)}
	for j := 1; j < 5; j++ {
		filters = append(filters, filterOf(fmt.Sprint(j), fmt.Sprintf("spoiler %d of %d", j, i), j%2 == 0))
	}
	return item{
		"key": text("account#" + p.account(i)), "languages": texts("en", "de", "nl"),
		"blocks": texts(append(strangers("blocked", 10), blocked)...), "mutes": texts(strangers("muted", 10)...),
		"blockedDomains": texts(strangers("domain", 5)...), "filters": list(filters...),
	}
}

func filterOf(id, keyword string, wholeWord bool) types.AttributeValue {
	return mapOf(item{"id": text(id), "title": text("filter " + id), "context": list(text("public"), text("home")), "action": text("warn"),
		"keywords": list(mapOf(item{"keyword": text(keyword), "wholeWord": &types.AttributeValueMemberBOOL{Value: wholeWord}}))})
}

// annotated reports whether the payload names the one filter that matches.
func annotated(payload []byte) bool {
	return bytes.Contains(payload, []byte(`"filtered":[{`)) && bytes.Contains(payload, []byte(`"keyword_matches":["Edgestream"]`))
}
