package apigateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Invoke runs a function and waits for its answer, as Lambda's RequestResponse does.
// functionError is "" or "Unhandled" (the function failed; payload says how). err is
// for an invocation that never ran: throttled, or no such function. ctx ends when
// API Gateway stops waiting; on AWS the function goes on running then.
type Invoke func(ctx context.Context, function string, event []byte) (payload []byte, functionError string, err error)

// The route keys that API Gateway itself selects.
const (
	routeConnect    = "$connect"
	routeDisconnect = "$disconnect"
	routeDefault    = "$default"
)

// API is one WebSocket API with one stage.
type API struct {
	// ID is the API's id, such as "a1b2c3d4e5".
	ID string
	// Stage is the first and only segment of the path, such as "prod".
	Stage string
	// RouteSelectionExpression names the message's field that selects the route:
	// "$request.body.action", or several, "${request.body.a}/${request.body.b}".
	RouteSelectionExpression string
	// Routes by route key: "$connect", "$disconnect", "$default" or a custom key.
	Routes map[string]Route
}

// Route is a route's integration.
type Route struct {
	// Function is handed to Invoke as it stands.
	Function string
	// RouteResponse sends the body of the function's answer to the client. Without
	// it (AWS's default) the answer's body goes nowhere.
	RouteResponse bool
}

// Options are the limits and surroundings of a Server. The zero value of a limit
// means AWS's own.
type Options struct {
	// Invoke is required.
	Invoke Invoke
	// Region, if set, is the region that signatures must be scoped to.
	Region string
	// AccountID changes nothing: no event of a WebSocket API carries the account.
	AccountID string
	// DomainName is requestContext.domainName: host and port as clients see them.
	// Empty means the request's Host. SetDomainName changes it later.
	DomainName string

	IdleTimeout        time.Duration // without a message in either direction; 10 minutes
	MaxDuration        time.Duration // of a connection; 2 hours
	IntegrationTimeout time.Duration // of one invocation; 29 seconds
	CloseGrace         time.Duration // wait for the client's close frame; 5 seconds (not documented)
	MaxMessage         int           // bytes, either direction; 131,072
	MaxFrame           int           // bytes, from the client; 32,768
	MaxInFlight        int           // messages being handled at once; 5,000 (AWS's burst)
	SendBuffer         int           // bytes waiting for one client before posts are 429; 1 MiB (not documented)

	// ShuffleMessages hands the frames of one socket that arrive within
	// ShuffleWindow (20 ms) to their functions in a random order, one after the
	// other. API Gateway promises no order; this breaks it every time, so that a
	// function that relies on one is found out. ShuffleSeed makes a run repeatable.
	ShuffleMessages bool
	ShuffleSeed     uint64
	ShuffleWindow   time.Duration

	// OnInvoke, if set, is told of every invocation when it is over. It must not block.
	OnInvoke func(Invocation)
	// Logger is told what an operator should know; nil means silence.
	Logger *slog.Logger
	// Now is the clock of events and ids; nil means time.Now.
	Now func() time.Time
}

// Invocation is one run of a route's function.
type Invocation struct {
	Function, Route, ConnectionID, RequestID string
	// Status is the statusCode that the function answered; 0 if there is none.
	Status int
	// Err is why there is no answer.
	Err error
	// Started and Duration are what the client waited.
	Started  time.Time
	Duration time.Duration
}

func (o *Options) setDefaults() {
	orElse(&o.IdleTimeout, 10*time.Minute)
	orElse(&o.MaxDuration, 2*time.Hour)
	orElse(&o.IntegrationTimeout, 29*time.Second)
	orElse(&o.CloseGrace, 5*time.Second)
	orElse(&o.MaxMessage, 128<<10)
	orElse(&o.MaxFrame, 32<<10)
	orElse(&o.MaxInFlight, 5000)
	orElse(&o.SendBuffer, 1<<20)
	orElse(&o.ShuffleWindow, 20*time.Millisecond)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
}

func orElse[T ~int | ~int64](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}

// validate says what API Gateway would refuse at deployment.
func (a API) validate() error {
	if a.Stage == "" || strings.ContainsAny(a.Stage, "/?#% ") {
		return fmt.Errorf("apigateway: %q is no stage name", a.Stage)
	}
	for key, route := range a.Routes {
		if err := validateRouteKey(key); err != nil {
			return err
		}
		if route.Function == "" {
			return fmt.Errorf("apigateway: route %q has no function", key)
		}
	}
	return nil
}

func validateRouteKey(key string) error {
	switch {
	case key == "":
		return errors.New("apigateway: a route key must not be empty")
	case key == routeConnect, key == routeDisconnect, key == routeDefault:
		return nil
	case strings.HasPrefix(key, "$"):
		return fmt.Errorf("apigateway: route key %q: only $connect, $disconnect and $default may begin with $", key)
	}
	return nil
}
