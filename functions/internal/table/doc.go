// Package table calls DynamoDB for one table, through signed requests of its own: the SDK's client
// would make a function's start much longer (package awscall).
//
// A row is an Item, its attributes in the order in which they came, each with its type. So what a
// table's readers check is what DynamoDB has, and a literal looks like the row that it stands for:
//
//	Item{{"pk", Text("sweep")}, {"n", Number(7)}}
//
// What rows mean is their owners' to know. This package holds what all of them need: the codec, in
// one pass and with few copies; conditions that did not hold as values (Conflict); pages and batches
// read and written to their ends.
package table
