package sqs

import (
	"edgestream/functions/internal/hook"
	"edgestream/functions/internal/publish"
)

// What the domain asks of this package.
var (
	_ publish.Reporter = (*Reporter)(nil)
	_ hook.Reporter    = (*Reporter)(nil)
	_ hook.Queue       = (*Queue)(nil)
	_ publish.Queue    = (*Parts)(nil)
)
