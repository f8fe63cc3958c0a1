package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"edgestream/functions/internal/cloudapp"
)

// script answers a <script> element, as pusher-js's JSONP transport asks. Only what is no request of
// pusher-js is refused: a subscription that may not be, or of which nobody knows, is told by calling the
// callback, since a script that fails is never heard of.
func (c CloudApp) script(r *http.Request) (reply, error) {
	query := r.URL.Query()
	callback := query.Get("callback")
	if !cloudapp.ValidCallback(callback) {
		return reply{}, cloudapp.ErrCallback
	}
	told := reply{status: http.StatusOK, kind: "application/javascript"}
	a, err := c.Service.Authorise(r.Context(), r.PathValue("capability"), query.Get("socket_id"), query.Get("channel_name"))
	switch {
	case err == nil:
		told.body = cloudapp.Script(callback, &a)
	case errors.Is(err, cloudapp.ErrSocket):
		return reply{}, err
	default:
		told.refused, told.meant, told.body = err, refusalOf(err).Status, cloudapp.Script(callback, nil)
	}
	return told, nil
}

// errForm is a body that cannot be read as one; what is too long is errors.As of http.MaxBytesError.
var errForm = errors.New("malformed form")

// authorise answers a form, as pusher-js's ajax transport posts it.
func (c CloudApp) authorise(r *http.Request) (reply, error) {
	if err := r.ParseForm(); err != nil {
		return reply{}, fmt.Errorf("%w: %w", errForm, err)
	}
	a, err := c.Service.Authorise(r.Context(), r.PathValue("capability"), r.PostForm.Get("socket_id"), r.PostForm.Get("channel_name"))
	if err != nil {
		return reply{}, err
	}
	return ok(json.Marshal(a))
}
