package stream

import "strings"

// Name is the name of a stream as clients write it, for example "public:local:media".
type Name string

// The streams of the Mastodon streaming API,
// https://docs.joinmastodon.org/methods/streaming/#streams.
const (
	User              Name = "user"
	UserNotification  Name = "user:notification"
	Direct            Name = "direct"
	Public            Name = "public"
	PublicMedia       Name = "public:media"
	PublicLocal       Name = "public:local"
	PublicLocalMedia  Name = "public:local:media"
	PublicRemote      Name = "public:remote"
	PublicRemoteMedia Name = "public:remote:media"
	Hashtag           Name = "hashtag"
	HashtagLocal      Name = "hashtag:local"
	List              Name = "list"
)

// The streams of the Channels protocol, which no Mastodon client can name.
const (
	// Channel is one channel of an app; the subscription's parameter is its name.
	Channel Name = "channel"
	// Watch is whether one user of an app is online; the parameter is the user's id.
	Watch Name = "watch"
)

// Names lists every stream that a client can subscribe to.
func Names() []Name {
	return []Name{User, UserNotification, Direct, Public, PublicMedia, PublicLocal, PublicLocalMedia,
		PublicRemote, PublicRemoteMedia, Hashtag, HashtagLocal, List}
}

// Known reports whether n is one of Names.
func (n Name) Known() bool {
	for _, k := range Names() {
		if n == k {
			return true
		}
	}
	return false
}

// Filtered reports whether the stream's statuses are filtered for their viewer
// (languages, blocks, filters).
func (n Name) Filtered() bool { return n.kind() == kindPublic || n.kind() == kindHashtag }

// TakesTag reports whether the stream is one of a tag.
func (n Name) TakesTag() bool { return n.kind() == kindHashtag }

// TakesList reports whether the stream is one of a list.
func (n Name) TakesList() bool { return n == List }

func (n Name) kind() Kind {
	switch root, _, _ := strings.Cut(string(n), ":"); Name(root) {
	case User, Direct:
		return kindAccount
	case Public:
		return kindPublic
	case Hashtag:
		return kindHashtag
	case List:
		return kindList
	case Channel:
		return kindChannel
	case Watch:
		return kindWatch
	}
	return ""
}
