// Package cloudapptest holds what every store of items must do, as a test that each runs (Run), and the
// simplest such store (Memory).
package cloudapptest
