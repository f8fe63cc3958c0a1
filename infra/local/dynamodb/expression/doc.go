// Package expression parses and evaluates DynamoDB's expressions: conditions and
// filters, key conditions, projections and updates.
//
// Parsing has two stages, as in DynamoDB itself, because that decides which of
// several errors a caller sees: the whole text is first checked against the
// grammar, and only then are names and values filled in and operands checked.
// What comes out refers to no placeholder any more and can be evaluated on any
// number of items, by any number of goroutines.
//
// Text longer than 4 KB is refused, which also bounds the depth of recursion.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
package expression

import "fmt"

// Error is what DynamoDB reports in a ValidationException about an expression.
type Error string

// Error is the message that DynamoDB answers with.
func (e Error) Error() string { return string(e) }

// maxLength is the longest expression that DynamoDB accepts, in bytes.
const maxLength = 4096

// Clause names the request parameter an expression came from, for messages.
type Clause string

// The parameters that hold expressions.
const (
	ConditionClause  Clause = "ConditionExpression"
	FilterClause     Clause = "FilterExpression"
	KeyClause        Clause = "KeyConditionExpression"
	ProjectionClause Clause = "ProjectionExpression"
	UpdateClause     Clause = "UpdateExpression"
)

func (c Clause) errorf(format string, args ...any) error {
	return Error("Invalid " + string(c) + ": " + fmt.Sprintf(format, args...))
}
