package webhook

import "edgestream/functions/internal/hook"

// What the domain asks of this package.
var _ hook.Poster = (*Client)(nil)
