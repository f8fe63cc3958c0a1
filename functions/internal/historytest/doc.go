// Package historytest says, as tests, what a store of logs must do (Run), and has the plainest one
// that does it: Memory, which other tests use in a store's place.
package historytest
