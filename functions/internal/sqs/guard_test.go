package sqs

import "edgestream/functions/internal/publish"

// What the domain asks of this package.
var _ publish.Reporter = (*Reporter)(nil)
