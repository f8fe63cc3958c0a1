package stream

// notification is an entry of its owner's notifications. Clients learn of new ones alone.
type notification struct{ item *Item }

func readNotification(item *Item) (entity, error) {
	return notification{item}, decode(item, &struct{}{})
}

func (n notification) shownAs() string { return "" }

func (n notification) inserted() []Message {
	return toAccount(n.item.Owner, UserNotification, "notification", n.item.Payload)
}

func (n notification) modified(entity) []Message { return nil }
func (n notification) removed() []Message        { return nil }

// conversation is a thread of direct messages as its owner sees it.
type conversation struct{ item *Item }

func readConversation(item *Item) (entity, error) {
	return conversation{item}, decode(item, &struct{}{})
}

func (c conversation) shownAs() string { return "" }

func (c conversation) inserted() []Message {
	return toAccount(c.item.Owner, Direct, "conversation", c.item.Payload)
}

func (c conversation) modified(old entity) []Message {
	if sameShown(old.(conversation).item.Payload, c.item.Payload, nothingIgnored) {
		return nil
	}
	return c.inserted()
}

func (c conversation) removed() []Message { return nil }

// filter stands for the filters of its owner, who is told that they changed and not how.
type filter struct{ item *Item }

func readFilter(item *Item) (entity, error) { return filter{item}, nil }

func (f filter) shownAs() string { return "" }

func (f filter) inserted() []Message {
	return toAccount(f.item.Owner, User, "filters_changed", nil)
}

func (f filter) modified(entity) []Message { return f.inserted() }
func (f filter) removed() []Message        { return f.inserted() }

// filters says that what its owner filters has changed in Accounts. The item is the service's own,
// and when it goes, nothing has changed.
type filters struct{ filter }

func readFilters(item *Item) (entity, error) { return filters{filter{item}}, nil }

func (f filters) removed() []Message { return nil }

// merge says that filtered notifications have been merged into its owner's.
type merge struct{ item *Item }

func readMerge(item *Item) (entity, error) { return merge{item}, nil }

func (m merge) shownAs() string { return "" }

func (m merge) inserted() []Message {
	return toAccount(m.item.Owner, UserNotification, "notifications_merged", []byte("1"))
}

func (m merge) modified(entity) []Message { return m.inserted() }
func (m merge) removed() []Message        { return nil }

// toAccount is one message to one stream of an account.
func toAccount(account string, to Name, event string, payload []byte) []Message {
	return []Message{{Topic: AccountTopic(account), Streams: []Name{to}, Event: event, Payload: payload}}
}
