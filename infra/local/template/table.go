package template

// table reads an AWS::DynamoDB::Table.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
func (o *object) table(res *resource) Table {
	o.ignore("PointInTimeRecoverySpecification", "SSESpecification", "Tags", "DeletionProtectionEnabled",
		"TableClass", "ContributorInsightsSpecification", "WarmThroughput", "ResourcePolicy")
	t := Table{
		LogicalID: res.id, Name: o.name(res), ARN: o.attribute(res, "Arn"),
		Attributes: o.attributes(), Keys: o.keys(),
		BillingMode: o.oneOf("BillingMode", "PROVISIONED", "PROVISIONED", "PAY_PER_REQUEST"),
		Throughput:  o.throughput(),
	}
	for _, index := range o.children("LocalSecondaryIndexes") {
		t.LocalIndexes = append(t.LocalIndexes, index.index())
	}
	for _, index := range o.children("GlobalSecondaryIndexes") {
		t.GlobalIndexes = append(t.GlobalIndexes, index.index())
	}
	if stream := o.child("StreamSpecification"); stream != nil {
		t.StreamViewType = stream.oneOf("StreamViewType", "", "KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES")
		t.StreamARN = o.attribute(res, "StreamArn")
		stream.close()
	}
	if ttl := o.child("TimeToLiveSpecification"); ttl != nil {
		if ttl.flag("Enabled", false) {
			t.TTLAttribute = ttl.required("AttributeName")
		}
		ttl.ignore("AttributeName")
		ttl.close()
	}
	return t
}

func (o *object) attributes() []Attribute {
	var out []Attribute
	for _, a := range o.children("AttributeDefinitions") {
		out = append(out, Attribute{a.required("AttributeName"), a.oneOf("AttributeType", "", "S", "N", "B")})
		a.close()
	}
	return out
}

func (o *object) keys() []Key {
	var out []Key
	for _, k := range o.children("KeySchema") {
		out = append(out, Key{k.required("AttributeName"), k.oneOf("KeyType", "", "HASH", "RANGE")})
		k.close()
	}
	if len(out) == 0 {
		o.failf(o.at, "KeySchema is missing")
	}
	return out
}

func (o *object) throughput() *Throughput {
	p := o.child("ProvisionedThroughput")
	if p == nil {
		return nil
	}
	defer p.close()
	const most = 1_000_000
	return &Throughput{p.integer("ReadCapacityUnits", 1, 1, most), p.integer("WriteCapacityUnits", 1, 1, most)}
}

func (o *object) index() Index {
	o.ignore("ContributorInsightsSpecification", "WarmThroughput")
	index := Index{Name: o.required("IndexName"), Keys: o.keys(), Throughput: o.throughput()}
	if p := o.child("Projection"); p != nil {
		index.ProjectionType = p.oneOf("ProjectionType", "ALL", "ALL", "KEYS_ONLY", "INCLUDE")
		index.NonKeyAttributes = p.strings("NonKeyAttributes")
		p.close()
	} else {
		o.failf(o.at, "Projection is missing")
	}
	o.close()
	return index
}
