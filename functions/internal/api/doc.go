// Package api serves, as net/http handlers, the calls that are made over plain HTTP: the Channels HTTP
// API (Channels) and CloudApp's (CloudApp). One function stands behind them.
//
// The domain says what is answered. This package reads bodies, and no further than they may be long;
// ends what would outlast the function, so that the caller is told; keeps the function alive when a
// handler panics; and writes a line for each call that is refused or fails, in which no query, body or
// capability stands.
package api
