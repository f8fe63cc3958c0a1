package dynamodb

import (
	"encoding/json"
	"strconv"
	"time"

	"edgestream/infra/local/dynamodb/attribute"
)

// object is a JSON object in the making: members in order, those with a nil value left out.
type object []member

type member struct {
	name  string
	value any
}

// with adds a member if there is something to add.
func (o object) with(present bool, name string, value any) object {
	if !present {
		return o
	}
	return append(o, member{name, value})
}

func (o object) appendJSON(b []byte) []byte {
	b = append(b, '{')
	first := true
	for _, m := range o {
		if m.value == nil {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = attribute.AppendString(b, m.name)
		b = append(b, ':')
		b = appendValue(b, m.value)
	}
	return append(b, '}')
}

func appendValue(b []byte, value any) []byte {
	switch v := value.(type) {
	case object:
		return v.appendJSON(b)
	case []object:
		return appendArray(b, v, object.appendJSON)
	case recordPage:
		return appendArray(b, v.records, v.appendRecord)
	case attribute.Item:
		return v.AppendJSON(b)
	case []attribute.Item:
		return appendArray(b, v, attribute.Item.AppendJSON)
	case string:
		return attribute.AppendString(b, v)
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case float64:
		return strconv.AppendFloat(b, v, 'f', -1, 64)
	case bool:
		return strconv.AppendBool(b, v)
	case time.Time:
		return appendTime(b, v)
	}
	return appendOther(b, value)
}

// appendOther writes what is rare on the wire and so may take the slow way.
func appendOther(b []byte, value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		return append(b, "null"...) // only values of this package get here, and all can be written
	}
	return append(b, text...)
}

func appendArray[T any](b []byte, list []T, write func(T, []byte) []byte) []byte {
	b = append(b, '[')
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = write(v, b)
	}
	return append(b, ']')
}

// appendTime writes seconds since 1970 with milliseconds, as JSON 1.0 has it.
func appendTime(b []byte, t time.Time) []byte {
	return strconv.AppendFloat(b, float64(t.UnixMilli())/1000, 'f', -1, 64)
}
