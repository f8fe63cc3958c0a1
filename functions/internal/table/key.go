package table

// What DynamoDB allows for a key, in bytes.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const (
	MaxPartitionKey = 2048
	MaxSortKey      = 1024
)

// Fits reports whether DynamoDB can hold a row with this key.
func Fits(key Item) bool {
	return len(key.Get("pk").Text) <= MaxPartitionKey && len(key.Get("sk").Text) <= MaxSortKey
}
