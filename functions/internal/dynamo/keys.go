package dynamo

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

const (
	// connectionKeys and publicKeys are over how many partition keys connections and the public
	// streams are spread. Rows written with other numbers are not found: change them only with an
	// empty table.
	connectionKeys = 16
	publicKeys     = 8

	// lifetime is how long a row may matter: the two hours that API Gateway lets a connection
	// live, and some.
	lifetime = 2*time.Hour + 10*time.Minute

	// accountLifetime is how long an account's row is kept after the last connection was made, or
	// the last reader or log begun: longer than any of them lasts.
	accountLifetime = 6 * time.Hour

	// revokedFor is how long a revocation in an account's row keeps out connections that were
	// authorised before it: no $connect takes as long.
	revokedFor = time.Minute
	// marksApart is by how much the clocks of who leaves a revocation and of who reads a token may
	// differ.
	marksApart = 5 * time.Second
)

func keyOf(pk, sk string) table.Item {
	return table.Item{{"pk", table.Text(pk)}, {"sk", table.Text(sk)}}
}

// hashOf spreads connection ids, which are clocks and share their beginnings.
func hashOf(id string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(id))
	return h.Sum32()
}

func connectionKey(c stream.Connection) table.Item {
	return keyOf(connectionPartition(hashOf(c.ID)%connectionKeys), fmt.Sprintf("%013d#%s", c.ConnectedAt.UnixMilli(), c.ID))
}

func connectionPartition(n uint32) string { return fmt.Sprintf("connection#%02x", n) }

func accountKey(account string) table.Item { return keyOf("account#"+account, "account") }

// accountOf is the account of its row.
func accountOf(row table.Item) string { return strings.TrimPrefix(row.Get("pk").Text, "account#") }

// entryName is the attribute of a connection in its account's row.
func entryName(id string) string { return "@" + id }

// revokedName and accountOff are the attributes of an account's row that keep out new connections,
// with the time of the revocation in milliseconds: those of a token, and all.
func revokedName(tokenHash string) string { return "!" + shortHash(tokenHash) }

const accountOff = "!off"

// shortHash is as much of a token's hash as it takes to tell apart the tokens of one account.
func shortHash(tokenHash string) string { return tokenHash[:min(16, len(tokenHash))] }

// mappingKey is the key of a connection's mapping under a topic that is not an account's.
func mappingKey(c stream.Connection, topic stream.Topic, subscription string) table.Item {
	return keyOf(mappingPartition(topic, c.ID), fmt.Sprintf("%04x#%s#%s", hashOf(c.ID)>>16, c.ID, subscription))
}

// mappingPartition is the partition of the topic in which a connection's mappings stand.
func mappingPartition(topic stream.Topic, connection string) string {
	partitions := topicPartitions(topic)
	return partitions[int(hashOf(connection)>>8)%len(partitions)]
}

// topicPartitions are the partition keys under which a topic's mappings stand.
func topicPartitions(topic stream.Topic) []string {
	if !topic.IsPublic() {
		return []string{"topic#" + topic.String()}
	}
	keys := make([]string, publicKeys)
	for i := range keys {
		keys[i] = "topic#" + topic.String() + "#" + strconv.Itoa(i)
	}
	return keys
}

// splitMappingKey reads connection id and subscription key from a mapping's sort key. False for those
// of other rows, which begin with no hash.
func splitMappingKey(sk string) (id, subscription string, ok bool) {
	hash, rest, ok := strings.Cut(sk, "#")
	if !ok || strings.HasPrefix(hash, "!") {
		return "", "", false
	}
	return strings.Cut(rest, "#")
}
