package table

import "time"

// Expires is the attribute by which DynamoDB removes a row some time after this one.
func Expires(at time.Time) Field { return Field{"expiresAt", Number(at.Unix())} }

// Seconds is a time in whole seconds; zero if the value is none.
func Seconds(v Value) time.Time {
	if n, ok := v.Int(); ok {
		return time.Unix(n, 0).UTC()
	}
	return time.Time{}
}

// Millis is a time in milliseconds; 1970 if the value is none.
func Millis(v Value) time.Time {
	n, _ := v.Int()
	return time.UnixMilli(n).UTC()
}
