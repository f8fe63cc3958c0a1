package api

import (
	"cmp"
	"io"
	"log/slog"
	"net/http"

	"edgestream/functions/internal/cloudapp"
	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/stream"
)

// CloudApp serves CloudApp's calls:
//
//	GET /account                     the account, with its socket
//	GET, POST /items                 the list; a new item, or several
//	GET, PUT, DELETE /items/{id}     an item; changed, or recovered; put into the trash
//	GET, POST /auth/{capability}     signs a subscription: a script (JSONP), or JSON
//
// The first three take a token as streams do, in Authorization or access_token, and say of errors
// {"error": …}, or, with 422, an array of what is wrong, as CloudApp does. Any page may call them: there are no
// cookies. No path is logged, since one is a credential. Handler says the headers that all answers have.
type CloudApp struct {
	Tokens  mastodon.Tokens
	Service cloudapp.Service
	// EdgeURL is the URL of the edge. If it is empty, the host is the one that the edge function has noted,
	// which takes it from the request and lets no client say it, or else the function's own.
	EdgeURL string
	Log     *slog.Logger
}

// maxItemBody is how long a body may be.
const maxItemBody = 64 << 10

// HTTP is the handler of the paths.
func (c CloudApp) HTTP() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /account", c.granted(c.account))
	mux.HandleFunc("GET /items", c.granted(c.list))
	mux.HandleFunc("POST /items", c.granted(c.create))
	mux.HandleFunc("GET /items/{id}", c.granted(c.item))
	mux.HandleFunc("PUT /items/{id}", c.granted(c.update))
	mux.HandleFunc("DELETE /items/{id}", c.granted(c.trash))
	mux.HandleFunc("GET /auth/{capability}", c.logged(c.script))
	mux.HandleFunc("POST /auth/{capability}", c.logged(c.authorise))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Access-Control-Allow-Origin", "*")
		header.Set("Referrer-Policy", "no-referrer")
		if r.Method == http.MethodOptions {
			header.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, DELETE")
			header.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Requested-With")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxItemBody)
		mux.ServeHTTP(w, r)
	})
}

// reply is what a call is answered with: JSON, unless it says otherwise.
type reply struct {
	status int
	kind   string
	body   []byte
	// refused is why, for the log, where the status is 200 nevertheless; what it would be is meant.
	refused error
	meant   int
}

func ok(body []byte, err error) (reply, error) { return reply{status: http.StatusOK, body: body}, err }

// grantedCall is a call of whom a token has let in.
type grantedCall struct {
	*http.Request
	grant stream.Grant
}

// granted runs the call with what the request's token allows.
func (c CloudApp) granted(run func(grantedCall) (reply, error)) http.HandlerFunc {
	return c.logged(func(r *http.Request) (reply, error) {
		token, err := mastodon.Credentials{Authorization: r.Header.Get("Authorization"), AccessToken: r.URL.Query().Get("access_token")}.Token()
		if err != nil {
			return reply{}, err
		}
		grant, err := c.Tokens.Grant(r.Context(), token)
		if err != nil {
			return reply{}, err
		}
		return run(grantedCall{r, grant})
	})
}

// logged answers with what the call returns. The log knows a call by its pattern.
func (c CloudApp) logged(run func(*http.Request) (reply, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		told, err := run(r)
		if err != nil {
			told = c.refusal(w, r, err)
		}
		if told.refused != nil {
			c.note(w, r, told.meant, told.refused)
		}
		answer(w, told.status, cmp.Or(told.kind, "application/json"), told.body)
	}
}

func (c CloudApp) account(r grantedCall) (reply, error) {
	base, err := c.base(r.Request)
	if err != nil {
		return reply{}, err
	}
	return ok(c.Service.Details(r.Context(), r.grant, base))
}

func (c CloudApp) list(r grantedCall) (reply, error) {
	query, err := cloudapp.ParseQuery(r.URL.Query().Get)
	if err != nil {
		return reply{}, err
	}
	return ok(c.Service.List(r.Context(), r.grant, query))
}

func (c CloudApp) item(r grantedCall) (reply, error) {
	return ok(c.Service.Item(r.Context(), r.grant, r.PathValue("id")))
}

func (c CloudApp) create(r grantedCall) (reply, error) {
	base, err := c.base(r.Request)
	if err != nil {
		return reply{}, err
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return reply{}, err
	}
	items, bad, err := c.Service.Create(r.Context(), r.grant, base, r.UserAgent(), body)
	if bad {
		return reply{status: http.StatusUnprocessableEntity, body: items}, err
	}
	return ok(items, err)
}

func (c CloudApp) update(r grantedCall) (reply, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return reply{}, err
	}
	return ok(c.Service.Update(r.Context(), r.grant, r.PathValue("id"), body))
}

func (c CloudApp) trash(r grantedCall) (reply, error) {
	return ok(c.Service.Trash(r.Context(), r.grant, r.PathValue("id")))
}
