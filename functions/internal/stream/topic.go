package stream

import "strings"

// Kind is the kind of a topic.
type Kind string

// The kinds of topics; the package comment shows which streams share one.
const (
	kindAccount  Kind = "account"
	kindPublic   Kind = "public"
	kindHashtag  Kind = "hashtag"
	kindList     Kind = "list"
	kindEveryone Kind = "everyone"
	kindChannel  Kind = "channel"
	kindWatch    Kind = "watch"
	kindItems    Kind = "items"
)

// Topic is what subscriptions are found under. The zero Topic finds nothing.
type Topic struct {
	Kind Kind
	// ID is the account, the normalised tag, the list, or the app with its channel or user; empty for
	// the kinds of which there is one.
	ID string
}

// AccountTopic holds the streams that belong to one account: user, user:notification, direct.
func AccountTopic(account string) Topic { return Topic{kindAccount, account} }

// PublicTopic holds the public streams.
func PublicTopic() Topic { return Topic{Kind: kindPublic} }

// HashtagTopic holds hashtag and hashtag:local of one tag, which it normalises.
func HashtagTopic(tag string) Topic { return Topic{kindHashtag, NormalTag(tag)} }

// ListTopic holds the list stream of one list.
func ListTopic(list string) Topic { return Topic{kindList, list} }

// EveryoneTopic holds every subscription to a user stream, of whatever account.
func EveryoneTopic() Topic { return Topic{Kind: kindEveryone} }

// ChannelTopic holds the subscriptions to one channel of an app, whose id has no slash.
func ChannelTopic(app, channel string) Topic { return Topic{kindChannel, app + "/" + channel} }

// WatchTopic holds those who watch whether a user of an app is online.
func WatchTopic(app, user string) Topic { return Topic{kindWatch, app + "/" + user} }

// ItemsTopic stands for the channel of an account's items on the account's own app. Which app that is
// must be found out first: nothing is found under this topic.
func ItemsTopic(account string) Topic { return Topic{kindItems, account} }

// Items is the account of an ItemsTopic; false for any other topic.
func (t Topic) Items() (account string, ok bool) { return t.ID, t.Kind == kindItems }

// OfApp reports whether the topic is an app's: a channel, somebody watched, or an account's items.
func (t Topic) OfApp() bool {
	return t.Kind == kindChannel || t.Kind == kindWatch || t.Kind == kindItems
}

// Channel is the app and the channel of a ChannelTopic; false for any other topic.
func (t Topic) Channel() (app, channel string, ok bool) {
	app, channel, ok = strings.Cut(t.ID, "/")
	return app, channel, ok && t.Kind == kindChannel
}

// IsAccount reports whether the topic is one account's.
func (t Topic) IsAccount() bool { return t.Kind == kindAccount }

// IsEveryone reports whether the topic is EveryoneTopic.
func (t Topic) IsEveryone() bool { return t.Kind == kindEveryone }

// IsPublic reports whether the topic is PublicTopic, which is expected to be very wide.
func (t Topic) IsPublic() bool { return t.Kind == kindPublic }

// String is the topic as one word, "account/1", unique per topic: for keys and logs.
func (t Topic) String() string {
	if t.ID == "" && t.Kind != kindHashtag {
		return string(t.Kind)
	}
	return string(t.Kind) + "/" + t.ID
}

// ParseTopic reads what String wrote of a topic that subscriptions can be found under.
func ParseTopic(s string) (Topic, bool) {
	kind, id, hasID := strings.Cut(s, "/")
	t := Topic{Kind(kind), id}
	switch t.Kind {
	case kindPublic, kindEveryone:
		return t, !hasID
	case kindAccount, kindList:
		return t, id != ""
	case kindHashtag:
		return t, id != "" && id == NormalTag(id)
	case kindChannel, kindWatch:
		app, name, ok := strings.Cut(id, "/")
		return t, ok && app != "" && name != ""
	}
	return Topic{}, false
}
