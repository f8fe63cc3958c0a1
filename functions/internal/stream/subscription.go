package stream

// Subscription is one stream that a connection listens to.
type Subscription struct {
	Stream Name
	// Param is the tag or the list id exactly as the client wrote it (frames repeat it);
	// empty for the other streams.
	Param string
}

// Key identifies the subscription within its connection: two spellings of one tag are the
// same subscription. It has the form "user" or "hashtag#foo".
func (s Subscription) Key() string {
	switch {
	case s.Stream.TakesTag():
		return string(s.Stream) + "#" + NormalTag(s.Param)
	case s.Stream.TakesList(), s.Stream == Channel, s.Stream == Watch:
		return string(s.Stream) + "#" + s.Param
	}
	return string(s.Stream)
}

// Topic is where the subscription of a connection of this account is found; of a Channel or Watch
// subscription, AppTopic says where.
func (s Subscription) Topic(account string) Topic {
	switch s.Stream.kind() {
	case kindAccount:
		return AccountTopic(account)
	case kindPublic:
		return PublicTopic()
	case kindHashtag:
		return HashtagTopic(s.Param)
	case kindList:
		return ListTopic(s.Param)
	}
	return Topic{}
}

// Logs are the topics whose events the subscription hears: its own, and of a user stream also
// what is said to everyone.
func (s Subscription) Logs(account string) []Topic {
	own := s.Topic(account)
	if s.Stream == User {
		return []Topic{own, EveryoneTopic()}
	}
	return []Topic{own}
}

// AppTopic is where the subscription of a connection of this app is found.
func (s Subscription) AppTopic(app string) Topic {
	switch s.Stream {
	case Channel:
		return ChannelTopic(app, s.Param)
	case Watch:
		return WatchTopic(app, s.Param)
	}
	return Topic{}
}
