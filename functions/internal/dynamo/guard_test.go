package dynamo

import (
	"edgestream/functions/internal/cloudapp"
	"edgestream/functions/internal/connectiontest"
	"edgestream/functions/internal/enforce"
	"edgestream/functions/internal/history"
	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/replay"
	"edgestream/functions/internal/sweep"
	"edgestream/functions/internal/viewer"
)

// What the domain asks of this package.
var (
	_ publish.Directory      = (*Connections)(nil)
	_ mastodon.Opener        = (*Connections)(nil)
	_ mastodon.Sessions      = (*Connections)(nil)
	_ mastodon.Subscriptions = (*Connections)(nil)
	_ connectiontest.Store   = (*Connections)(nil)
	_ mastodon.Tokens        = (*Accounts)(nil)
	_ mastodon.Lists         = (*Accounts)(nil)
	_ viewer.Source          = (*Accounts)(nil)
	_ cloudapp.Accounts      = (*Accounts)(nil)
	_ replay.Directory       = (*Connections)(nil)
	_ history.Keeper         = (*Connections)(nil)
	_ history.Log            = (*History)(nil)
	_ mastodon.Mappings      = (*Connections)(nil)
	_ mastodon.Viewers       = (*Accounts)(nil)
	_ enforce.Directory      = (*Connections)(nil)
	_ enforce.Logs           = (*History)(nil)
	_ enforce.Content        = (*Content)(nil)
	_ sweep.Table            = (*Connections)(nil)
	_ publish.Slices         = (*Slices)(nil)
	_ publish.Pace           = (*Pace)(nil)
)
