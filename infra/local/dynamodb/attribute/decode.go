package attribute

import (
	"encoding/base64"
	"errors"
	"strings"
)

// InvalidError says that a value is well formed but not allowed. DynamoDB
// answers it with a ValidationException.
type InvalidError string

// Error is the message that DynamoDB answers with.
func (e InvalidError) Error() string { return string(e) }

// What can be wrong with a value.
const (
	errEmpty   = InvalidError("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
	errSeveral = InvalidError("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
	errNull    = InvalidError("One or more parameter values were invalid: Null attribute value types must have the value of true")
	errNesting = InvalidError("Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit")
	errBase64  = SyntaxError("Invalid base64 in a binary value")
)

// maxDepth is how many values may lie within each other, the innermost included.
const maxDepth = 32

// UnmarshalJSON reads an object of attribute values. Errors are SyntaxError,
// InvalidError or NumberError.
func (it *Item) UnmarshalJSON(data []byte) error {
	item, err := DecodeItem(data, nil)
	*it = item
	return err
}

// DecodeItem reads an object of attribute values. For an attribute that cannot
// be read it returns what explain makes of the name and the error; a nil
// explain leaves the error as it is.
func DecodeItem(data []byte, explain func(name string, err error) error) (Item, error) {
	s := &scanner{data: data}
	if s.skipNull() {
		return nil, nil
	}
	item := make(Item, 8)
	err := s.members(func(name string) error {
		v, err := s.value(0)
		if err != nil && explain != nil {
			err = explain(name, err)
		}
		item[name] = v
		return err
	})
	if err == nil && s.next() != 0 {
		err = errMalformed
	}
	if err != nil {
		return nil, err
	}
	return item, nil
}

// IsInvalid reports whether err is about content (ValidationException) and not about form.
func IsInvalid(err error) bool {
	var invalid InvalidError
	var number NumberError
	return errors.As(err, &invalid) || errors.As(err, &number)
}

// value reads one AttributeValue: an object with exactly one type descriptor.
// depth is the number of values around it.
func (s *scanner) value(depth int) (Value, error) {
	var v Value
	if depth++; depth > maxDepth {
		return v, errNesting
	}
	err := s.members(func(name string) error {
		kind := KindOf(name)
		if kind == None {
			return s.skip()
		}
		if s.skipNull() {
			return nil
		}
		if v.Kind != None {
			return errSeveral
		}
		v.Kind = kind
		return s.content(&v, depth)
	})
	if err == nil && v.Kind == None {
		err = errEmpty
	}
	return v, err
}

func (s *scanner) content(v *Value, depth int) (err error) {
	switch v.Kind {
	case S:
		v.Text, err = s.text()
	case N:
		v.Num, err = s.number()
	case B:
		v.Text, err = s.binary()
	case BOOL:
		v.Bool, err = s.boolean()
	case NULL:
		err = s.null()
	case M:
		v.Map, err = s.mapping(depth)
	case L:
		v.List, err = s.list(depth)
	default:
		v.List, err = s.set(v.Kind)
	}
	return err
}

func (s *scanner) number() (Number, error) {
	text, err := s.text()
	if err != nil {
		return Number{}, err
	}
	return ParseNumber(text)
}

func (s *scanner) binary() (string, error) {
	text, err := s.text()
	if err != nil {
		return "", err
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return "", errBase64
	}
	return string(raw), nil
}

func (s *scanner) boolean() (bool, error) {
	switch c := s.next(); c {
	case 't', 'f':
		return c == 't', s.skip()
	}
	return false, s.mismatch("Boolean")
}

func (s *scanner) null() error {
	yes, err := s.boolean()
	if err == nil && !yes {
		return errNull
	}
	return err
}

func (s *scanner) mapping(depth int) (Item, error) {
	item := Item{}
	err := s.members(func(name string) error {
		v, err := s.value(depth)
		item[name] = v
		return err
	})
	return item, err
}

func (s *scanner) list(depth int) ([]Value, error) {
	list := []Value{}
	err := s.elements(func() error {
		v, err := s.value(depth)
		list = append(list, v)
		return err
	})
	return list, err
}

func (s *scanner) set(kind Kind) ([]Value, error) {
	var members []Value
	err := s.elements(func() error {
		m := Value{Kind: kind.Element()}
		err := s.content(&m, 0)
		members = append(members, m)
		return err
	})
	if err != nil {
		return nil, err
	}
	return members, checkSet(Value{Kind: kind, List: members})
}

// checkSet refuses what no set may be: empty, or with the same member twice.
func checkSet(set Value) error {
	if len(set.List) == 0 {
		noun := map[Kind]string{SS: "string", NS: "number", BS: "binary"}[set.Kind]
		return InvalidError("One or more parameter values were invalid: An " + noun + " set  may not be empty")
	}
	if !set.hasDuplicate() {
		return nil
	}
	if set.Kind == NS {
		return InvalidError("Input collection contains duplicates")
	}
	return InvalidError("One or more parameter values were invalid: Input collection " + set.listing() + " contains duplicates.")
}

func (v Value) listing() string {
	texts := make([]string, len(v.List))
	for i, m := range v.List {
		texts[i] = m.memberKey()
	}
	return "[" + strings.Join(texts, ", ") + "]"
}
