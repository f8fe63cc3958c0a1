package stream

import "time"

// Replay is a subscription that is to be served from History until it has caught up.
type Replay struct {
	Connection   Connection   `json:"connection"`
	Account      string       `json:"account"`
	Subscription Subscription `json:"subscription"`
	// Made is the time of the message that made the subscription: one that was made by another, after
	// it was ended, has a replay of its own.
	Made time.Time `json:"made"`
	// From is the position to go on from, as an id of the subscription.
	From string `json:"from"`
	// Gap is why what came before From is missing, as the client is to be told; empty if nothing is.
	Gap string `json:"gap,omitempty"`
	// Begun says that the client knows gap and position already: this is a continuation.
	Begun bool `json:"begun,omitempty"`
	// Asked is since when the client has waited for the first frame of this replay.
	Asked time.Time `json:"asked"`
}
