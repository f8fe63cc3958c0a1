package main

import (
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// statusText is the payload of a status: what every contestant delivers.
func statusText(event int) string {
	return statusItem(event)["payload"].(*types.AttributeValueMemberS).Value
}

// encodeEvent is the body of a request that publishes a status to a channel.
func encodeEvent(event int, channel string) ([]byte, error) {
	return json.Marshal(publication{"update", statusText(event), []string{channel}})
}

func (s channelListener) payload(frame []byte) []byte {
	var f channelFrame
	if json.Unmarshal(frame, &f) != nil || f.Event != "update" {
		return nil
	}
	return []byte(f.text())
}

// invocation is what publish of infra/bench/versus is invoked with: a frame's members.
type invocation struct {
	Stream  string `json:"stream"`
	Event   string `json:"event"`
	Payload string `json:"payload"`
}

func encodeInvocation(event int) ([]byte, error) {
	return json.Marshal(invocation{"public", "update", statusText(event)})
}
