package stream

import "slices"

// audience is who is shown a status: streams per topic, in the order in which they were added.
// Its slices of streams are shared and never changed.
type audience struct {
	topics  []Topic
	streams map[Topic][]Name
}

// add lets the streams of the topics be shown the status. A topic that is there already keeps
// its streams. Topics without an id have no listeners and are left out.
func (a *audience) add(topics []Topic, streams ...Name) {
	if a.streams == nil {
		a.streams = make(map[Topic][]Name, len(topics))
	}
	for _, t := range topics {
		if _, ok := a.streams[t]; ok || t.ID == "" && !t.IsPublic() {
			continue
		}
		a.topics = append(a.topics, t)
		a.streams[t] = streams
	}
}

// messages says the same to all of the audience.
func (a audience) messages(event string, payload []byte) []Message {
	messages := make([]Message, 0, len(a.topics))
	for _, t := range a.topics {
		messages = append(messages, Message{Topic: t, Streams: a.streams[t], Event: event, Payload: payload})
	}
	return messages
}

// both is who is in a and in b.
func (a audience) both(b audience) audience { return a.filter(b, true) }

// minus is who is in a and not in b.
func (a audience) minus(b audience) audience { return a.filter(b, false) }

func (a audience) filter(b audience, in bool) audience {
	var kept audience
	for _, t := range a.topics {
		if slices.Equal(a.streams[t], b.streams[t]) {
			if in {
				kept.add([]Topic{t}, a.streams[t]...)
			}
			continue
		}
		streams := slices.DeleteFunc(slices.Clone(a.streams[t]), func(n Name) bool {
			return slices.Contains(b.streams[t], n) != in
		})
		if len(streams) > 0 {
			kept.add([]Topic{t}, streams...)
		}
	}
	return kept
}

// without leaves out whole topics of b.
func (a audience) without(b audience) audience {
	var kept audience
	for _, t := range a.topics {
		if _, ok := b.streams[t]; !ok {
			kept.add([]Topic{t}, a.streams[t]...)
		}
	}
	return kept
}

// audience follows https://docs.joinmastodon.org/methods/streaming/#streams: home and lists as
// the item says; hashtags and public timelines for public posts that are no reblog; public
// timelines not for replies to somebody else.
func (s status) audience() audience {
	var a audience
	a.add(topics(s.item.Home, AccountTopic), User)
	a.add(topics(s.item.Lists, ListTopic), List)
	listed := s.item.Listed == nil || *s.item.Listed
	if !listed || s.body.Visibility != "public" || s.body.Reblog != nil {
		return a
	}
	a.add(s.tags(), s.hashtagStreams()...)
	if s.body.ReplyTo == "" || s.body.ReplyTo == s.body.Account.ID {
		a.add([]Topic{PublicTopic()}, s.publicStreams()...)
	}
	return a
}

func topics(ids []string, topic func(string) Topic) []Topic {
	list := make([]Topic, 0, len(ids))
	for _, id := range ids {
		list = append(list, topic(id))
	}
	return list
}

func (s status) tags() []Topic {
	list := make([]Topic, 0, len(s.body.Tags))
	for _, tag := range s.body.Tags {
		list = append(list, HashtagTopic(tag.Name))
	}
	return list
}

func (s status) hashtagStreams() []Name {
	if s.isLocal() {
		return []Name{Hashtag, HashtagLocal}
	}
	return []Name{Hashtag}
}

func (s status) publicStreams() []Name {
	media := len(s.body.Attachments) > 0
	switch {
	case s.isLocal() && media:
		return []Name{Public, PublicLocal, PublicMedia, PublicLocalMedia}
	case s.isLocal():
		return []Name{Public, PublicLocal}
	case media:
		return []Name{Public, PublicRemote, PublicMedia, PublicRemoteMedia}
	}
	return []Name{Public, PublicRemote}
}
