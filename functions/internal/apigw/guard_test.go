package apigw_test

import (
	"edgestream/functions/internal/apigw"
	"edgestream/functions/internal/enforce"
	"edgestream/functions/internal/greet"
	"edgestream/functions/internal/httpapi"
	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/replay"
	"edgestream/functions/internal/sweep"
)

// What the domain asks of this package.
var (
	_ enforce.Poster  = (*apigw.Client)(nil)
	_ sweep.Transport = (*apigw.Client)(nil)
	_ publish.Poster  = (*apigw.Client)(nil)
	_ replay.Closer   = (*apigw.Client)(nil)
	_ greet.Poster    = (*apigw.Client)(nil)
	_ greet.Closer    = (*apigw.Client)(nil)
	_ httpapi.Sockets = (*apigw.Client)(nil)
)
