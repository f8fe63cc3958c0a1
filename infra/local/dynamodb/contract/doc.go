// Package contract holds the tests that the embedded DynamoDB and Amazon's own
// DynamoDB Local both have to pass, so that the two stay exchangeable. They
// speak through the AWS SDK, as a program would.
//
// The tests always run against the embedded engine. With DYNAMODB_ENDPOINT set
// to the URL of a DynamoDB Local they run against that too, and say so if it is
// not set. Where DynamoDB Local is known to differ from AWS, AWS is followed,
// and the case names the difference.
package contract
