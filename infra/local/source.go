package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"edgestream/infra/local/eventsource"
	"edgestream/infra/local/template"
)

// sourceParameter is the template's parameter that takes the stream of a table of somebody else's.
const sourceParameter = "SourceStreamArn"

// sourceTable is the value of --source-table: a name and, for a table to be made if it is missing, its
// key, a text.
type sourceTable struct{ name, key string }

func (t *sourceTable) parse(s string) error {
	made := false
	t.name, t.key, made = strings.Cut(s, ":")
	switch {
	case t.name == "" || made && t.key == "":
		return errors.New("want NAME or NAME:KEY")
	case !tableName.MatchString(t.name):
		return errors.New("want NAME or NAME:KEY, and a table's name is 3 to 255 characters of A-Za-z0-9_.-")
	case strings.Contains(t.key, ":"):
		return errors.New("want NAME or NAME:KEY, with one key")
	}
	return nil
}

// tableName is what DynamoDB takes for one.
var tableName = regexp.MustCompile(`^[A-Za-z0-9_.-]{3,255}$`)

// setSource gives the template the ARN of the table's stream, and reports whether there is one to give.
// Its label is known only when the table is there: so the embedded engine, whose tables are new each
// time, has the stream of the table that an ARN names, whatever label that has.
func (r *runner) setSource(s *template.Stack) (is bool, err error) {
	name := r.opts.source.name
	arn, said := r.opts.parameters[sourceParameter]
	switch {
	case name == "" && r.opts.dynamodb == embedded && arn != "":
		name = tableOf(arn)
	case name == "":
		return false, nil
	case said:
		return false, fmt.Errorf("--source-table and --parameter %s both say which table it is: leave one out", sourceParameter)
	}
	if slices.ContainsFunc(s.Tables, func(t template.Table) bool { return t.Name == name }) {
		return false, fmt.Errorf("%s %s: that table is the template's own", map[bool]string{true: "--parameter " + sourceParameter, false: "--source-table"}[said], name)
	}
	r.opts.parameters[sourceParameter] = "arn:aws:dynamodb:" + s.Region + ":" + s.AccountID + ":table/" + name + "/stream/" + template.StreamLabel
	return true, nil
}

// tableOf is the name of the table in the ARN of its stream.
func tableOf(streamARN string) string {
	_, name, _ := strings.Cut(streamARN, ":table/")
	name, _, _ = strings.Cut(name, "/")
	return name
}

// makeSource makes the table if it is missing and its key was said.
func (r *runner) makeSource(ctx context.Context) error {
	t := r.opts.source
	if t.key == "" {
		return nil
	}
	return r.database.ensure(ctx, []template.Table{{Name: t.name, BillingMode: "PAY_PER_REQUEST", StreamViewType: "NEW_AND_OLD_IMAGES",
		Attributes: []template.Attribute{{Name: t.key, Type: "S"}}, Keys: []template.Key{{Name: t.key, Type: "HASH"}}}})
}

// unlabelled is the table in the ARN of a stream whose label is not known.
func unlabelled(streamARN string) (table string, ok bool) {
	arn, ok := strings.CutSuffix(streamARN, "/stream/"+template.StreamLabel)
	_, table, named := strings.Cut(arn, ":table/")
	return table, ok && named
}

// streamName is the stream of a mapping as a person knows it.
func streamName(m template.StreamMapping) string {
	if table, ok := unlabelled(m.StreamARN); ok {
		return "of the table " + table
	}
	return m.StreamARN
}

// awaited is the mapping of a stream that may not be there yet: the table is not the template's.
type awaited struct {
	table    string
	mapping  eventsource.StreamMapping
	options  eventsource.Options
	database *database
	say      func(string)
}

// Run waits for the stream and then reads it.
func (a awaited) Run(ctx context.Context) error {
	arn, err := a.await(ctx)
	if err != nil {
		return err
	}
	a.mapping.StreamArn = arn
	p, err := eventsource.NewStream(a.mapping, a.options)
	if err != nil {
		return err
	}
	return p.Run(ctx)
}

// await returns the ARN of the table's stream. It says once what it waits for.
func (a awaited) await(ctx context.Context) (string, error) {
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for first := true; ; first = false {
		arn, err := a.database.streamOf(ctx, a.table)
		switch {
		case arn != "":
			a.say(fmt.Sprintf("%s reads the stream of the table %s", a.mapping.Function, a.table))
			return arn, nil
		case first && err != nil:
			a.say(fmt.Sprintf("%s waits for the stream of the table %s: %v", a.mapping.Function, a.table, err))
		case first:
			a.say(fmt.Sprintf("%s waits for the table %s to have a stream with new and old images "+
				"(--stream-specification StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES)", a.mapping.Function, a.table))
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-look.C:
		}
	}
}

// streamOf is the ARN of the table's stream; empty while the table or the stream is not there.
func (d *database) streamOf(ctx context.Context, table string) (string, error) {
	out, err := d.items.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &table})
	var missing *types.ResourceNotFoundException
	switch {
	case errors.As(err, &missing):
		return "", nil
	case err != nil:
		return "", err
	case out.Table.StreamSpecification == nil || !aws.ToBool(out.Table.StreamSpecification.StreamEnabled):
		return "", nil
	}
	return aws.ToString(out.Table.LatestStreamArn), nil
}

// sourceSuggestion says something with an item of the table, whose key is known.
func (r *runner) sourceSuggestion(endpoint string) string {
	t := r.opts.source
	if t.key == "" {
		return ""
	}
	return `
Notify alice with an item of the table ` + t.name + `:

  go run ./infra/local put ` + endpoint + t.name + ` '{"` + t.key + `":"7","order":{"id":"7","total":12.5},
    "edgestream":{"kind":"notification","owner":"1","payloadFrom":"order"}}'
`
}
