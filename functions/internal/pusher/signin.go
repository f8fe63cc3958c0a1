package pusher

import (
	"context"
	"slices"
)

// signIn notes who is signed in on the connection, and tells it which of those that it watches are
// there. A watchlist that is too long is told as an error, and left out.
func (c *call) signIn(ctx context.Context) (outcome, error) {
	if err := c.load(ctx); err != nil {
		return outcome{}, err
	}
	r := c.request()
	text := UserText(c.in.SocketID(), r.userData)
	if err := c.app.authorised(text, r.auth, "Auth info required to sign in"); err != nil {
		return outcome{}, err
	}
	user, err := userOf(r.userData)
	if ignore(err, errWatchlist) != nil {
		return outcome{}, err
	}
	if err := c.Connections.SignIn(ctx, c.session, user); err != nil {
		return outcome{}, err
	}
	out := outcome{frames: [][]byte{signedInFrame(r.userData)}}
	switch {
	case err != nil:
		c.log.InfoContext(ctx, "watchlist refused", c.about(err)...)
		out.frames = append(out.frames, refusalOf(err).errorFrame())
	case len(user.Watchlist) > 0:
		// It is read before anything is told: a client that is signed in and is not told who is there does
		// not ask again.
		online, err := c.Connections.Online(ctx, c.app.ID, user.Watchlist)
		if err != nil {
			return outcome{}, err
		}
		out.frames = append(out.frames, watchedFrame(watched(user.Watchlist, func(user string) bool { return slices.Contains(online, user) })))
		out.then = func(ctx context.Context) ([][]byte, error) { return c.watch(ctx, user.Watchlist, online) }
	}
	return out, nil
}

// watch looks again which of the users are there, after it was told who was before: what the publisher
// said meanwhile may have come first.
func (c *call) watch(ctx context.Context, users, before []string) ([][]byte, error) {
	now, err := c.Connections.Online(ctx, c.app.ID, users)
	if err != nil {
		return nil, err
	}
	changed := slices.DeleteFunc(slices.Clone(users), func(user string) bool {
		return slices.Contains(before, user) == slices.Contains(now, user)
	})
	if len(changed) == 0 {
		return nil, nil
	}
	return [][]byte{watchedFrame(watched(changed, func(user string) bool { return slices.Contains(now, user) }))}, nil
}

// watched are the users by whether they are there.
func watched(users []string, online func(string) bool) (events []watchedEvent) {
	for _, name := range []string{"online", "offline"} {
		e := watchedEvent{Name: name}
		for _, user := range users {
			if online(user) == (name == "online") {
				e.Users = append(e.Users, user)
			}
		}
		if len(e.Users) > 0 {
			events = append(events, e)
		}
	}
	return events
}
