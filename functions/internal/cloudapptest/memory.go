package cloudapptest

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"

	"edgestream/functions/internal/cloudapp"
)

// Memory keeps items in memory. The zero value is empty. It is safe for concurrent use.
type Memory struct {
	mu       sync.Mutex
	accounts map[string]map[string][]byte
	// Writes counts what was changed.
	Writes int
}

var _ cloudapp.Items = (*Memory)(nil)

// pageSize is small, so that tests see more than one page.
const pageSize = 3

// List pages through a copy of the account's items.
func (m *Memory) List(_ context.Context, account string, page func([]cloudapp.Entry) bool) error {
	m.mu.Lock()
	var all []cloudapp.Entry
	for id, payload := range m.accounts[account] {
		all = append(all, entry(id, payload))
	}
	m.mu.Unlock()
	slices.SortFunc(all, func(a, b cloudapp.Entry) int { return strings.Compare(b.ID, a.ID) })
	for some := range slices.Chunk(all, pageSize) {
		if !page(some) {
			break
		}
	}
	return nil
}

func entry(id string, payload []byte) cloudapp.Entry {
	return cloudapp.Entry{ID: id, Payload: bytes.Clone(payload), Version: string(payload)}
}

// Item is the item.
func (m *Memory) Item(_ context.Context, account, id string) (cloudapp.Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	payload, ok := m.accounts[account][id]
	if !ok {
		return cloudapp.Entry{}, cloudapp.ErrNoItem
	}
	return entry(id, payload), nil
}

// Create stores a new item.
func (m *Memory) Create(_ context.Context, account, id string, payload []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if old, ok := m.accounts[account][id]; ok && !bytes.Equal(old, payload) {
		return cloudapp.ErrExists
	}
	m.put(account, id, payload)
	return nil
}

// Replace changes the payload of an item.
func (m *Memory) Replace(_ context.Context, account string, old cloudapp.Entry, payload []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now, ok := m.accounts[account][old.ID]; !ok || string(now) != old.Version && !bytes.Equal(now, payload) {
		return cloudapp.ErrChanged
	}
	m.put(account, old.ID, payload)
	return nil
}

func (m *Memory) put(account, id string, payload []byte) {
	if m.accounts == nil {
		m.accounts = map[string]map[string][]byte{}
	}
	if m.accounts[account] == nil {
		m.accounts[account] = map[string][]byte{}
	}
	m.accounts[account][id] = bytes.Clone(payload)
	m.Writes++
}
