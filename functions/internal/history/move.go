package history

import (
	"encoding/json"
	"time"

	"edgestream/functions/internal/stream"
)

// ControlList is the event of the control entry in a list's log that says to whom the list goes.
// Its payload is a Move's.
const ControlList = "_list"

// Move is a list's going from one account to another; an empty one is nobody, of a list that is
// made or removed.
type Move struct {
	From, To string
	// At is when it went, to the second below.
	At time.Time
}

type movePayload struct {
	From string `json:"from"`
	To   string `json:"to"`
	At   int64  `json:"at"` // Unix seconds
}

// Payload is the move as a control entry has it.
func (m Move) Payload() string {
	text, _ := json.Marshal(movePayload{m.From, m.To, m.At.Unix()}) // it always can
	return string(text)
}

// MoveOf is the move that a message tells of; false if it tells of none.
func MoveOf(m stream.Message) (Move, bool) {
	var p movePayload
	if m.Event != ControlList || json.Unmarshal(m.Payload, &p) != nil {
		return Move{}, false
	}
	return Move{From: p.From, To: p.To, At: time.Unix(p.At, 0).UTC()}, true
}
