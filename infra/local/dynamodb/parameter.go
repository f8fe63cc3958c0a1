package dynamodb

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"edgestream/infra/local/dynamodb/attribute"
	"edgestream/infra/local/dynamodb/expression"
)

// legacy holds the parameters that expressions have replaced. They are known,
// so that a request that uses one is refused and not misunderstood.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LegacyConditionalParameters.html
type legacy struct {
	AttributesToGet, AttributeUpdates, ConditionalOperator, Expected json.RawMessage
	KeyConditions, QueryFilter, ScanFilter                           json.RawMessage
}

func (l legacy) refuse() error {
	for name, value := range map[string]json.RawMessage{
		"AttributesToGet": l.AttributesToGet, "AttributeUpdates": l.AttributeUpdates,
		"ConditionalOperator": l.ConditionalOperator, "Expected": l.Expected,
		"KeyConditions": l.KeyConditions, "QueryFilter": l.QueryFilter, "ScanFilter": l.ScanFilter,
	} {
		if len(value) > 0 && string(value) != "null" {
			return invalid("The legacy parameter %s is not supported here; use an expression", name)
		}
	}
	return nil
}

// expressionValues are ExpressionAttributeValues: items whose errors name the placeholder.
type expressionValues attribute.Item

// UnmarshalJSON reads the values.
func (v *expressionValues) UnmarshalJSON(data []byte) error {
	item, err := attribute.DecodeItem(data, func(name string, err error) error {
		if attribute.IsInvalid(err) {
			return invalid("ExpressionAttributeValues contains invalid value: %s for key %s", err, name)
		}
		return err
	})
	*v = expressionValues(item)
	return err
}

// placeholders are the two parameters that every expression may refer to.
type placeholders struct {
	ExpressionAttributeNames  map[string]string
	ExpressionAttributeValues expressionValues
}

// substitutions checks the placeholders. given maps each expression parameter
// of the request to whether it is present; without any, there must be no placeholders.
func (p placeholders) substitutions(given ...*string) (*expression.Substitutions, error) {
	any := slices.ContainsFunc(given, func(text *string) bool { return text != nil })
	if !any && p.ExpressionAttributeNames != nil {
		return nil, invalid("ExpressionAttributeNames can only be specified when using expressions")
	}
	if !any && p.ExpressionAttributeValues != nil {
		return nil, invalid("ExpressionAttributeValues can only be specified when using expressions")
	}
	return expression.NewSubstitutions(p.ExpressionAttributeNames, attribute.Item(p.ExpressionAttributeValues))
}

// parseCondition parses an expression if it is there.
func parseCondition(clause expression.Clause, text *string, subs *expression.Substitutions) (*expression.Condition, error) {
	if text == nil {
		return nil, nil
	}
	return expression.ParseCondition(clause, *text, subs)
}

func parseProjection(text *string, subs *expression.Substitutions) (*expression.Projection, error) {
	if text == nil {
		return nil, nil
	}
	return expression.ParseProjection(*text, subs)
}

// oneOf refuses a value that is neither absent nor one of those allowed.
func oneOf(parameter, value string, allowed ...string) error {
	if value == "" || slices.Contains(allowed, value) {
		return nil
	}
	return constraint(value, parameter, "Member must satisfy enum value set: ["+strings.Join(allowed, ", ")+"]")
}

// constraint is how AWS words a violation of the API's model.
func constraint(value any, parameter, rule string) error {
	return invalid("1 validation error detected: Value '%v' at '%s' failed to satisfy constraint: %s", value, parameter, rule)
}

// atLeast refuses a number that is given and too small.
func atLeast(parameter string, value *int, lowest int) error {
	if value != nil && *value < lowest {
		return constraint(*value, parameter, fmt.Sprintf("Member must have value greater than or equal to %d", lowest))
	}
	return nil
}

// tableName takes the name out of what may be an ARN, and checks it.
func tableName(text string) (string, error) {
	if strings.HasPrefix(text, "arn:") {
		_, text, _ = strings.Cut(text, ":table/")
	}
	if text == "" {
		return "", invalid("The parameter 'TableName' is required but was not present in the request")
	}
	return text, checkName("tableName", text)
}

// checkName checks the name of a table or an index.
func checkName(parameter, name string) error {
	for i := range len(name) {
		c := name[i]
		if !strings.ContainsRune("_.-", rune(c)) && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return constraint(name, parameter, "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+")
		}
	}
	if len(name) < 3 || len(name) > 255 {
		return invalid("%s must be at least 3 characters long and at most 255 characters long", parameter)
	}
	return nil
}

// present refuses a required parameter that is absent.
func present(parameter string, ok bool) error {
	if ok {
		return nil
	}
	return invalid("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", parameter)
}

// firstError returns the first error there is. The checks have all been made by then, so they must not depend on each other.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
