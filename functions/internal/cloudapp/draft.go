package cloudapp

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

// draftOf is the member "item" of a body.
func draftOf(body []byte) (object, error) {
	drafts, single, err := draftsOf(body)
	if err == nil && !single {
		err = ErrBody
	}
	if err != nil {
		return nil, err
	}
	return drafts[0], nil
}

// draftsOf is the member "item" of a body, or those of its member "items".
func draftsOf(body []byte) (drafts []object, single bool, err error) {
	o, err := parseObject(body)
	if err != nil {
		return nil, false, ErrBody
	}
	if item := o.get("item"); item != nil {
		draft, err := parseObject(item)
		if err != nil {
			return nil, false, ErrBody
		}
		return []object{draft}, true, nil
	}
	var items []json.RawMessage
	if json.Unmarshal(o.get("items"), &items) != nil || len(items) == 0 || len(items) > maxItems {
		return nil, false, ErrBody
	}
	for _, item := range items {
		draft, err := parseObject(item)
		if err != nil {
			return nil, false, ErrBody
		}
		drafts = append(drafts, draft)
	}
	return drafts, false, nil
}

// complete says what a new item lacks: a bookmark its URL, anything else its name.
func complete(draft object) Invalid {
	switch kind, _ := textOf(draft.get("item_type")); {
	case cmp.Or(kind, "bookmark") == "bookmark" && isNull(draft.get("redirect_url")):
		return Invalid{blankURL}
	case draft.get("name") == nil && isNull(draft.get("redirect_url")):
		return Invalid{"Name can't be blank"}
	}
	return nil
}

// unnamed is the draft without a name that is null or blank.
func unnamed(draft object) object {
	return slices.DeleteFunc(draft, func(m member) bool {
		text, ok := textOf(m.json)
		return m.name == "name" && (isNull(m.json) || ok && strings.TrimSpace(text) == "")
	})
}
