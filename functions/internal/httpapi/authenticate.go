package httpapi

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"
	"time"

	"edgestream/functions/internal/pusher"
)

// window is how many seconds the time of a request may be away from ours.
const window = 600

// authenticate is the app that signed the request, which must be the one with this id.
func (a *API) authenticate(ctx context.Context, r Request, id string) (pusher.App, params, error) {
	if len(r.Body) > MaxBody {
		return pusher.App{}, nil, tooLarge("The body is too long: at most %d bytes", MaxBody)
	}
	p, err := parse(r.Query)
	if err == nil {
		err = checkParams(r, p)
	}
	if err != nil {
		return pusher.App{}, nil, err
	}
	app, err := a.Apps.App(ctx, id)
	if err != nil {
		return pusher.App{}, nil, err
	}
	if app.Key != p["auth_key"][0] {
		return pusher.App{}, nil, unauthorised("Unknown auth_key: it is not the app's")
	}
	if err := verify(app, r, p); err != nil {
		return pusher.App{}, nil, err
	}
	if !app.Enabled {
		return pusher.App{}, nil, Refusal{Status: 403, Message: "The app is disabled"}
	}
	return app, p, nil
}

// checkParams checks what can be without the app's secret.
func checkParams(r Request, p params) error {
	for _, key := range []string{"auth_key", "auth_timestamp", "auth_version", "auth_signature"} {
		if value, _ := p.get(key); value == "" {
			return unauthorised("Missing parameter: %s", key)
		}
	}
	if err := checkTime(p["auth_timestamp"][0], r.At); err != nil {
		return err
	}
	if p["auth_version"][0] != "1.0" {
		return unauthorised("Version not supported: auth_version must be 1.0")
	}
	return checkBody(r.Body, p)
}

func checkTime(timestamp string, now time.Time) error {
	given, err := strconv.ParseUint(timestamp, 10, 40)
	if err != nil {
		return unauthorised("Invalid timestamp: auth_timestamp must be in seconds since 1970")
	}
	if away := now.Unix() - int64(given); away > window || away < -window {
		return unauthorised("Timestamp expired: Given timestamp (%s) not within %ds of server time (%s)",
			time.Unix(int64(given), 0).UTC().Format(time.RFC3339), window, now.UTC().Format(time.RFC3339))
	}
	return nil
}

// checkBody checks that the body is the one that was signed. Some SDKs send the hash of an empty one.
func checkBody(body []byte, p params) error {
	given, ok := p.get("body_md5")
	if !ok && len(body) == 0 {
		return nil
	}
	if !ok {
		return unauthorised("Missing parameter: body_md5")
	}
	sum := md5.Sum(body)
	if given != hex.EncodeToString(sum[:]) {
		return unauthorised("Invalid body_md5: it is not the MD5 of the body in lower-case hex")
	}
	return nil
}

// verify checks the signature. Nothing is signed with an empty secret, which everybody knows.
func verify(app pusher.App, r Request, p params) error {
	signature := p["auth_signature"][0]
	text := pusher.RequestText(r.Method, r.Path, url.Values(p))
	signed := pusher.Signed(app.Secret, text, signature)
	if plain, ok := plainPath(r.Path); ok && !signed {
		signed = pusher.Signed(app.Secret, pusher.RequestText(r.Method, plain, url.Values(p)), signature)
	}
	if signed && app.Secret != "" {
		return nil
	}
	return Refusal{Status: 401, Reason: "invalid signature", Message: "Invalid signature: you should have sent HmacSHA256Hex(" +
		strconv.Quote(text) + ", your_secret_key), but you sent " + strconv.Quote(signature)}
}

// plainPath is the path without escapes; false if that is the path itself, or could be read as another.
func plainPath(path string) (string, bool) {
	plain, err := url.PathUnescape(path)
	same := strings.Count(plain, "/") == strings.Count(path, "/") && !strings.Contains(plain, "\n")
	return plain, err == nil && plain != path && same
}
