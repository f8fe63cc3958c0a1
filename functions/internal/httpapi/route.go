package httpapi

import (
	"context"
	"net/url"
	"strings"
)

// Prefix is how the paths of the API begin.
const Prefix = "/apps/"

// run answers a call with what becomes a JSON text.
type run func(context.Context, call) (any, error)

// route is where a request goes.
type route struct {
	// app is the id of the app.
	app    string
	method string
	run    run
}

// App is the id of the app that a path names, whether or not there is one; empty: it names none.
func App(path string) string {
	rest, _ := strings.CutPrefix(path, Prefix)
	app, _, _ := strings.Cut(rest, "/")
	if len(rest) == len(path) || !isID(app) {
		return ""
	}
	return app
}

// isID is what App.ID promises.
func isID(text string) bool {
	return text != "" && len(text) <= 64 && !strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' && r != '-'
	})
}

func routeOf(r Request) (route, error) {
	app := App(r.Path)
	if app == "" {
		return route{}, errNotFound
	}
	segments, err := unescaped(strings.Split(r.Path, "/")[3:])
	if err != nil {
		return route{}, err
	}
	to := find(segments)
	if to.run == nil {
		return route{}, errNotFound
	}
	if to.method != r.Method {
		return route{}, Refusal{Status: 405, Message: "Method not allowed", Allow: to.method}
	}
	to.app = app
	return to, nil
}

func unescaped(segments []string) ([]string, error) {
	for i, s := range segments {
		plain, err := url.PathUnescape(s)
		if err != nil {
			return nil, errNotFound
		}
		segments[i] = plain
	}
	return segments, nil
}

// find is the route of a path behind the app's id; one without run if there is none.
func find(path []string) route {
	switch {
	case len(path) == 1 && path[0] == "events":
		return route{method: "POST", run: trigger}
	case len(path) == 1 && path[0] == "batch_events":
		return route{method: "POST", run: triggerBatch}
	case len(path) == 1 && path[0] == "channels":
		return route{method: "GET", run: listChannels}
	case len(path) == 2 && path[0] == "channels":
		return route{method: "GET", run: about(path[1], showChannel)}
	case len(path) == 3 && path[0] == "channels" && path[2] == "users":
		return route{method: "GET", run: about(path[1], listUsers)}
	case len(path) == 3 && path[0] == "users" && path[2] == "terminate_connections":
		return route{method: "POST", run: about(path[1], terminate)}
	}
	return route{}
}

// about gives a call the channel or the user that its path names.
func about(name string, f func(context.Context, call, string) (any, error)) run {
	return func(ctx context.Context, c call) (any, error) { return f(ctx, c, name) }
}
