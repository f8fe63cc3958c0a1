// Package pushertest says, as tests, what a store of the connections of apps must do: see
// pusher.Connections. Every store runs the same suite (Run); Memory, the plainest store that passes
// it, is what other tests use in a store's place.
package pushertest
