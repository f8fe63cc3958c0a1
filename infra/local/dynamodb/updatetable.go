package dynamodb

import "encoding/json"

type updateTableInput struct {
	TableName                   string
	StreamSpecification         *streamSpec
	DeletionProtectionEnabled   *bool
	BillingMode                 string
	ProvisionedThroughput       *throughputSpec
	TableClass                  string
	SSESpecification            json.RawMessage
	GlobalSecondaryIndexUpdates json.RawMessage
	ReplicaUpdates              json.RawMessage
}

// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
func (e *Engine) updateTable(in *updateTableInput) (object, error) {
	for name, value := range map[string]json.RawMessage{"GlobalSecondaryIndexUpdates": in.GlobalSecondaryIndexUpdates, "ReplicaUpdates": in.ReplicaUpdates} {
		if len(value) > 0 && string(value) != "null" {
			return nil, invalid("UpdateTable with %s is not supported here", name)
		}
	}
	if err := firstError(in.StreamSpecification.check(), oneOf("billingMode", in.BillingMode, "PROVISIONED", "PAY_PER_REQUEST"),
		oneOf("tableClass", in.TableClass, "STANDARD", "STANDARD_INFREQUENT_ACCESS")); err != nil {
		return nil, err
	}
	if in.isEmpty() {
		return nil, invalid("At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required")
	}
	t, err := e.table(in.TableName)
	if err != nil {
		return nil, err
	}
	e.mu.Lock() // a new stream is entered in e.streams
	defer e.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := e.switchStream(t, in.StreamSpecification); err != nil {
		return nil, err
	}
	t.settings.update(in, e)
	return object{{"TableDescription", t.describe("ACTIVE")}}, nil
}

func (in *updateTableInput) isEmpty() bool {
	return in.StreamSpecification == nil && in.DeletionProtectionEnabled == nil && in.BillingMode == "" &&
		in.ProvisionedThroughput == nil && in.TableClass == "" && len(in.SSESpecification) == 0
}

func (s *tableSettings) update(in *updateTableInput, e *Engine) {
	if in.DeletionProtectionEnabled != nil {
		s.deletionProtection = *in.DeletionProtectionEnabled
	}
	if in.BillingMode != "" {
		s.billing, s.billingSince = in.BillingMode, e.now()
	}
	if in.ProvisionedThroughput != nil {
		s.throughput = *in.ProvisionedThroughput
	}
	if in.TableClass != "" {
		s.class = in.TableClass
	}
	if len(in.SSESpecification) > 0 {
		s.encryption = in.SSESpecification
	}
}

// switchStream turns a table's stream on or off. The caller holds e.mu and t.mu.
func (e *Engine) switchStream(t *table, spec *streamSpec) error {
	if spec == nil {
		return nil
	}
	enabled := t.stream != nil && t.stream.isEnabled()
	switch {
	case spec.StreamEnabled && enabled:
		return invalid("Table already has an enabled stream: TableName: %s", t.name)
	case spec.StreamEnabled:
		t.stream = e.newStream(t, spec.StreamViewType)
	case !enabled:
		return invalid("Table has no stream to disable: TableName: %s", t.name)
	default:
		t.stream.disable(e)
	}
	return nil
}

// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteTable.html
func (e *Engine) deleteTable(in *tableInput) (object, error) {
	t, err := e.table(in.TableName)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	if e.tables[t.name] != t {
		return nil, tableNotFound(t.name)
	}
	if t.settings.deletionProtection {
		return nil, invalid("Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.")
	}
	delete(e.tables, t.name)
	if t.stream != nil && t.stream.isEnabled() {
		t.stream.disable(e)
	}
	return object{{"TableDescription", t.describe("DELETING")}}, nil
}
