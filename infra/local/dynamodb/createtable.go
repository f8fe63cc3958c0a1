package dynamodb

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

type streamSpec struct {
	StreamEnabled  bool
	StreamViewType string `json:",omitempty"`
}

func (s *streamSpec) check() error {
	switch {
	case s == nil:
		return nil
	case s.StreamEnabled && s.StreamViewType == "":
		return invalidValues("StreamViewType must be specified when StreamEnabled is true")
	case !s.StreamEnabled && s.StreamViewType != "":
		return invalidValues("StreamViewType must not be specified when StreamEnabled is false")
	}
	return oneOf("streamSpecification.streamViewType", s.StreamViewType, "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", "KEYS_ONLY")
}

// tableSettings are the properties of a table that its life does not depend on.
// What has no meaning in memory (encryption, class, point-in-time recovery) is
// kept so that it can be described.
type tableSettings struct {
	billing            string
	billingSince       time.Time
	throughput         throughputSpec
	class              string
	encryption         json.RawMessage
	deletionProtection bool
	recovery           bool
	recoverySince      time.Time
	ttlAttribute       string
	tags               map[string]string
}

type createTableInput struct {
	TableName                 string
	AttributeDefinitions      []attributeDefinition
	KeySchema                 []keyElement
	LocalSecondaryIndexes     []indexSpec
	GlobalSecondaryIndexes    []indexSpec
	BillingMode               string
	ProvisionedThroughput     *throughputSpec
	StreamSpecification       *streamSpec
	SSESpecification          json.RawMessage
	Tags                      []tag
	TableClass                string
	DeletionProtectionEnabled bool
}

// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
func (e *Engine) createTable(in *createTableInput) (object, error) {
	t, err := e.newTable(in)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.tables[t.name] != nil {
		return nil, failure("ResourceInUseException", "Table already exists: %s", t.name)
	}
	if s := in.StreamSpecification; s != nil && s.StreamEnabled {
		t.stream = e.newStream(t, s.StreamViewType)
	}
	e.tables[t.name] = t
	return object{{"TableDescription", t.describe("ACTIVE")}}, nil
}

func (e *Engine) newTable(in *createTableInput) (*table, error) {
	name, err := tableName(in.TableName)
	if err != nil {
		return nil, err
	}
	if err := firstError(in.checkBilling(), in.StreamSpecification.check(),
		oneOf("tableClass", in.TableClass, "STANDARD", "STANDARD_INFREQUENT_ACCESS")); err != nil {
		return nil, err
	}
	defs, err := newDefinitions(in.AttributeDefinitions)
	if err != nil {
		return nil, err
	}
	t := &table{name: name, id: newUUID(), arn: e.tableARN(name), created: e.now(), tree: newTree()}
	if t.schema, err = defs.key(in.KeySchema); err != nil {
		return nil, err
	}
	if err := t.addIndexes(defs, in.LocalSecondaryIndexes, in.GlobalSecondaryIndexes); err != nil {
		return nil, err
	}
	t.settings = in.settings(t.created)
	return t, defs.checkAllUsed()
}

func (in *createTableInput) checkBilling() error {
	if err := oneOf("billingMode", in.BillingMode, "PROVISIONED", "PAY_PER_REQUEST"); err != nil {
		return err
	}
	onDemand := in.BillingMode == "PAY_PER_REQUEST"
	switch {
	case !onDemand && in.ProvisionedThroughput == nil:
		return invalidValues("ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED")
	case onDemand && in.ProvisionedThroughput != nil && *in.ProvisionedThroughput != throughputSpec{}:
		return invalidValues("Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")
	}
	return nil
}

func (in *createTableInput) settings(now time.Time) tableSettings {
	s := tableSettings{billing: in.BillingMode, billingSince: now, class: in.TableClass,
		encryption: in.SSESpecification, deletionProtection: in.DeletionProtectionEnabled, tags: tagMap(in.Tags)}
	if in.ProvisionedThroughput != nil {
		s.throughput = *in.ProvisionedThroughput
	}
	return s
}

func (e *Engine) tableARN(name string) string {
	return fmt.Sprintf("arn:aws:dynamodb:%s:%s:table/%s", e.opts.Region, e.opts.AccountID, name)
}

// newUUID makes a random UUID, version 4.
func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
