package dynamo

import (
	"errors"
	"fmt"
	"time"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// membersInto reads the members of a channel, {user: {i: info, c: {connection: when it joined}}}, which
// the service's own kinds alone have. Connections are written as stream.ConnectionKey does.
func membersInto(i *stream.Item) func(table.Value) error {
	return func(v table.Value) error {
		switch {
		case i.Kind != stream.KindRoster && i.Kind != stream.KindUser:
			return nil
		case v.Kind != table.IsMap:
			return notA(v, "M")
		}
		i.Members = make(map[string]stream.Member, len(v.Fields))
		for _, f := range v.Fields {
			m, err := decodeMember(f.Value)
			if err != nil {
				return fmt.Errorf("element %.40q: %w", f.Name, err)
			}
			i.Members[f.Name] = m
		}
		return nil
	}
}

func decodeMember(v table.Value) (m stream.Member, err error) {
	if v.Kind != table.IsMap {
		return m, notA(v, "M")
	}
	return m, errors.Join(
		optional(v.Fields, "i", textInto(&m.Info)),
		optional(v.Fields, "c", connectionsInto(&m.Connections)),
	)
}

func connectionsInto(to *map[stream.Connection]time.Time) func(table.Value) error {
	return func(v table.Value) error {
		if v.Kind != table.IsMap {
			return notA(v, "M")
		}
		*to = make(map[stream.Connection]time.Time, len(v.Fields))
		for _, f := range v.Fields {
			c, ok := stream.ParseConnectionKey(f.Name)
			at, isTime := f.Value.Int()
			if !ok || !isTime {
				return fmt.Errorf("has %.40q, which is no connection with its time", f.Name)
			}
			(*to)[c] = time.UnixMilli(at).UTC()
		}
		return nil
	}
}
