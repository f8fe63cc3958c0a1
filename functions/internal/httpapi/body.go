package httpapi

import (
	"encoding/json"
	"unicode/utf8"
)

// fields are those of a JSON object that was sent. A field that is null counts as missing.
type fields map[string]json.RawMessage

// fieldsOf reads an object. Of what is wrong the answer tells no more than which object: its text may
// be secret.
func fieldsOf(text []byte, what string) (fields, error) {
	var f fields
	if !utf8.Valid(text) {
		return nil, invalid("%s is not valid UTF-8", what)
	}
	if json.Unmarshal(text, &f) != nil || f == nil {
		return nil, invalid("%s is not a JSON object", what)
	}
	for name, value := range f {
		if string(value) == "null" {
			delete(f, name)
		}
	}
	return f, nil
}

// text is the field's value; false if it is missing.
func (f fields) text(name string) (string, bool, error) {
	raw, ok := f[name]
	if !ok {
		return "", false, nil
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return "", false, invalid("%s must be a string", name)
	}
	return s, true, nil
}

// texts are the values of the field, which is an array of strings, and are nil if it is missing.
func (f fields) texts(name string) ([]string, error) {
	raw, ok := f[name]
	if !ok {
		return nil, nil
	}
	var pointers []*string // null would otherwise be read as an empty string
	if json.Unmarshal(raw, &pointers) != nil {
		return nil, invalid("%s must be an array of strings", name)
	}
	list := make([]string, len(pointers))
	for i, p := range pointers {
		if p == nil {
			return nil, invalid("%s must be an array of strings", name)
		}
		list[i] = *p
	}
	return list, nil
}

// objects are the values of the field, which is an array of objects.
func (f fields) objects(name string) ([]fields, error) {
	var raw []json.RawMessage
	if json.Unmarshal(f[name], &raw) != nil {
		return nil, invalid("%s must be an array of objects", name)
	}
	list := make([]fields, len(raw))
	for i, text := range raw {
		object, err := fieldsOf(text, "An element of "+name)
		if err != nil {
			return nil, err
		}
		list[i] = object
	}
	return list, nil
}
