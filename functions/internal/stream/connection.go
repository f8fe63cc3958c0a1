package stream

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"
	"time"
)

// Connection is one WebSocket connection at API Gateway. Every event of a connection
// carries both fields, so together they can be a key without a look-up.
type Connection struct {
	// ID is API Gateway's connection id, for example "PJqB0fHsqRcCHlw=".
	ID string
	// ConnectedAt is when the upgrade was asked for, in whole milliseconds.
	ConnectedAt time.Time
}

// SocketID is the connection's name in the Channels protocol, two decimal numbers: "123.456". It is
// made of the connection's id, so whoever has the one need not store the other.
func (c Connection) SocketID() string {
	sum := sha256.Sum256([]byte(c.ID))
	b := strconv.AppendUint(nil, uint64(binary.BigEndian.Uint32(sum[:4])), 10)
	return string(strconv.AppendUint(append(b, '.'), uint64(binary.BigEndian.Uint32(sum[4:8])), 10))
}

// Grant is what a valid token allows, and to whom.
type Grant struct {
	// Account is the id of the account that the token belongs to.
	Account string
	Scopes  Scopes
	// TokenHash is the SHA-256 of the token in lower-case hex; the token itself is never kept.
	TokenHash string
	// TokenExpires is when the token stops being valid, because it expires or because its
	// revocation is set to a time to come; zero if it never does.
	TokenExpires time.Time
	// Viewer is the version of what the account filters (languages, blocks, mutes, filters): equal
	// versions filter alike. Empty: it filters nothing.
	Viewer string
	// Read is when the token was looked up; zero: not known.
	Read time.Time
}

// Session is a connection together with what the token that opened it allows.
type Session struct {
	Connection
	Grant
	// EventIDs says that the client asked for ids (?event_ids=true), so that it can resume.
	EventIDs bool
	// App is the app whose channels the connection speaks to; then there is no Grant. Empty: the
	// connection speaks Mastodon's protocol.
	App string
}

// Topic is where a subscription of the session is found.
func (s Session) Topic(sub Subscription) Topic {
	if s.App != "" {
		return sub.AppTopic(s.App)
	}
	return sub.Topic(s.Account)
}

// Expired reports whether the token has run out at the given time.
func (g Grant) Expired(now time.Time) bool {
	return !g.TokenExpires.IsZero() && !now.Before(g.TokenExpires)
}

// YoungFor is how long after $connect wrote a mapping it counts as young: its
// connection may not be open yet, and a refused post then means "not yet" and not "gone".
const YoungFor = 3 * time.Second

// Apart is by how much the clocks of two instances may differ, so long as nobody is hurt: times that one
// has written mean to another one what they say, give or take so much.
const Apart = time.Second

// Listener is one subscription of one connection as a publisher finds it.
type Listener struct {
	Connection
	Subscription
	Account string
	// App is the connection's, see Session.
	App string
	// Notifications says that a user subscription's token may read notifications too.
	Notifications bool
	// Opened is when $connect wrote the mapping, see YoungFor; zero if a message of the open
	// connection did. A time to come says until when frames of the subscription may be under way that
	// were given to greet: what follows must not overtake them.
	Opened time.Time
	// Until is when the token runs out: nothing is delivered from then on. Zero: never.
	Until time.Time
	// EventIDs says that frames carry an id, see Session.
	EventIDs bool
	// Viewer is the version of what the account filters, see Grant. Streams without statuses
	// have none.
	Viewer string
	// Replaying says that the subscription is being served from History and gets no event
	// otherwise until it has caught up.
	Replaying bool
	// Since is when that began; zero if it is not known, as for listeners of EveryoneTopic.
	Since time.Time
}

// Topic is where the listener was found.
func (l Listener) Topic() Topic {
	if l.App != "" {
		return l.Subscription.AppTopic(l.App)
	}
	return l.Subscription.Topic(l.Account)
}

// Audience is who listens to a topic.
type Audience struct {
	Listeners []Listener
	// Kept says that someone may resume the topic: its events must go into its log.
	Kept bool
	// Wide are the segments of which no listener is given: they have very many, or what was said to
	// them while they had is still being delivered.
	Wide []Segment
}

// Hears reports whether messages to the stream n of the listener's topic are for it.
func (l Listener) Hears(n Name) bool {
	return l.Stream == n || l.Stream == User && l.Notifications && n == UserNotification
}

// Greeting is what greet must post to a connection that may not be open yet.
type Greeting struct {
	Connection Connection `json:"connection"`
	// Frames are posted in this order.
	Frames []string `json:"frames"`
	// NotBefore keeps a later greeting of the connection behind an earlier one; zero: at once.
	NotBefore time.Time `json:"notBefore,omitzero"`
	// NotAfter is when later frames of the connection may be posted: what has not been by then would
	// come behind them, so the connection is closed instead. Zero: there are none.
	NotAfter time.Time `json:"notAfter,omitzero"`
	// Until is when the token runs out: nothing is posted from then on. Zero: never.
	Until time.Time `json:"until,omitzero"`
	// Close says that the connection is to be closed when the frames are posted, or given up.
	Close bool `json:"close,omitempty"`
}
