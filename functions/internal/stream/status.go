package stream

import "strings"

// status is a post, shown to the audience that its item and its payload name.
type status struct {
	item *Item
	body statusBody
	id   string
}

// statusBody is what the audience depends on. The rest of the payload is not looked at;
// see https://docs.joinmastodon.org/entities/Status/.
type statusBody struct {
	ID          identifier      `json:"id"`
	Visibility  string          `json:"visibility"`
	Reblog      *struct{}       `json:"reblog"`
	ReplyTo     identifier      `json:"in_reply_to_account_id"`
	Account     statusAccount   `json:"account"`
	Mentions    []statusAccount `json:"mentions"`
	Tags        []statusTag     `json:"tags"`
	Attachments []struct{}      `json:"media_attachments"`
}

type statusTag struct {
	Name string `json:"name"`
}

type statusAccount struct {
	ID   identifier `json:"id"`
	Acct string     `json:"acct"`
}

// local reports whether the account is of this server: the address of any other has its domain.
func (a statusAccount) local() bool { return !strings.Contains(a.Acct, "@") }

func readStatus(item *Item) (entity, error) {
	s := status{item: item}
	if err := decode(item, &s.body); err != nil {
		return nil, err
	}
	if s.body.Account.ID == "" {
		s.body.Account.ID = identifier(item.Owner)
	}
	id, err := entityID(item, s.body.ID)
	s.id = id
	return s, err
}

func (s status) shownAs() string { return s.id }

func (s status) inserted() []Message {
	return s.audience().messages("update", s.item.Payload)
}

// removed tells the audience, and the accounts mentioned, who may know the status from a notification.
func (s status) removed() []Message {
	shown := s.audience()
	shown.add(s.mentioned(), User)
	return shown.messages("delete", []byte(s.id))
}

// modified is decided per topic and stream: who was and still is shown the status gets an
// update if more than counters and flags changed; who no longer is gets a delete; who newly is
// gets it as new. What a home is told goes before what a mention is told. A mention that was
// taken back is a delete, for the status may have been visible through it alone.
func (s status) modified(before entity) []Message {
	old := before.(status)
	now, was := s.audience(), old.audience()
	differs := !sameShown(old.item.Payload, s.item.Payload, perViewer)
	var messages []Message
	if differs {
		messages = now.both(was).messages("status.update", s.item.Payload)
	}
	messages = append(messages, now.minus(was).messages("update", s.item.Payload)...)
	messages = append(messages, was.minus(now).messages("delete", []byte(s.id))...)
	if !differs {
		return messages
	}
	mentions, lost := audience{}, audience{}
	mentions.add(s.mentioned(), UserNotification)
	messages = append(messages, mentions.messages("status.update", s.item.Payload)...)
	lost.add(old.mentioned(), User)
	return append(messages, lost.without(mentions).messages("delete", []byte(s.id))...)
}

// perViewer reports whether a member of a status is a counter or a flag of one viewer: neither
// is worth an event.
func perViewer(member string) bool {
	switch member {
	case "favourited", "reblogged", "muted", "bookmarked", "pinned":
		return true
	}
	return strings.HasSuffix(member, "_count")
}

// isLocal is what the item says, or else what the author's address says.
func (s status) isLocal() bool {
	if s.item.Local != nil {
		return *s.item.Local
	}
	return s.body.Account.local()
}

// mentioned lists the topics of the local accounts that the status mentions.
func (s status) mentioned() []Topic {
	var topics []Topic
	for _, m := range s.body.Mentions {
		if m.ID != "" && m.local() {
			topics = append(topics, AccountTopic(string(m.ID)))
		}
	}
	return topics
}
