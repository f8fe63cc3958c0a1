package channeldb

import (
	"edgestream/functions/internal/cloudapp"
	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/hook"
	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/sweep"
)

// What the domain asks of this package, and this package of others.
var (
	_ Rows               = (*dynamo.Connections)(nil)
	_ pusher.Connections = (*Channels)(nil)
	_ pusher.Events      = (*Channels)(nil)
	_ pusher.Directory   = (*Channels)(nil)
	_ pusher.CurrentApps = (*Apps)(nil)
	_ hook.Announced     = (*Channels)(nil)
	_ hook.Departures    = (*Channels)(nil)
	_ hook.Counter       = (*Channels)(nil)
	_ sweep.Pulses       = (*Pulses)(nil)
	_ publish.Cache      = (*Channels)(nil)
	_ publish.Apps       = (*Apps)(nil)
	_ cloudapp.Items     = (*Items)(nil)
)
