package stream

// Unsettled is the account whose app must be known before it can be said whether an item has moved to
// another app: only one of its images names an app. False: nothing must be known.
func (c Change) Unsettled() (account string, ok bool) {
	if c.Old == nil || c.New == nil || c.Old.Kind != "item" || c.New.Kind != "item" || (c.Old.App == "") == (c.New.App == "") {
		return "", false
	}
	return c.New.Owner, true
}

// Settled is an Unsettled change with the account's app in the image that names none. An app that
// cannot be one, as that of an account that has none, changes nothing.
func (c Change) Settled(app string) Change {
	named := func(i *Item) *Item {
		if i.App != "" {
			return i
		}
		with := *i
		with.App = app
		return &with
	}
	if isApp(app) {
		c.Old, c.New = named(c.Old), named(c.New)
	}
	return c
}
