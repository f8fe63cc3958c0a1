package apigw_test

import (
	"edgestream/functions/internal/apigw"
	"edgestream/functions/internal/greet"
	"edgestream/functions/internal/publish"
)

// What the domain asks of this package.
var (
	_ publish.Poster = (*apigw.Client)(nil)
	_ greet.Poster   = (*apigw.Client)(nil)
)
