package lambdainvoke_test

import (
	"edgestream/functions/internal/lambdainvoke"
	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/replay"
)

// What the domain asks of this package.
var (
	_ publish.Greeter   = (*lambdainvoke.Greeter)(nil)
	_ mastodon.Greeter  = (*lambdainvoke.Greeter)(nil)
	_ pusher.Greeter    = (*lambdainvoke.Greeter)(nil)
	_ mastodon.Replayer = (*lambdainvoke.Replayer)(nil)
	_ replay.Again      = (*lambdainvoke.Replayer)(nil)
)
