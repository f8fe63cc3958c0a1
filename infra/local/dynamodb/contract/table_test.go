package contract

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func TestCreateTableRefusesBadSchemas(t *testing.T) {
	gsi := func(projection types.Projection, names ...string) []types.GlobalSecondaryIndex {
		return []types.GlobalSecondaryIndex{{IndexName: aws.String("Index"), KeySchema: keys(names...), Projection: &projection}}
	}
	all := types.Projection{ProjectionType: types.ProjectionTypeAll}
	cases := []struct {
		name   string
		change func(*sdk.CreateTableInput)
	}{
		{"short name", func(in *sdk.CreateTableInput) { in.TableName = aws.String("ab") }},
		{"odd name", func(in *sdk.CreateTableInput) { in.TableName = aws.String("a b c") }},
		{"undefined key", func(in *sdk.CreateTableInput) { in.KeySchema = keys("p", "q") }},
		{"unused definition", func(in *sdk.CreateTableInput) { in.KeySchema = keys("p") }},
		{"one attribute as both keys", func(in *sdk.CreateTableInput) { in.KeySchema = keys("p", "p") }},
		{"no partition key", func(in *sdk.CreateTableInput) { in.KeySchema = keys("p", "s")[1:] }},
		{"a key that is a map", func(in *sdk.CreateTableInput) { in.AttributeDefinitions = definitions("p:M", "s:N") }},
		{"no billing", func(in *sdk.CreateTableInput) { in.BillingMode = "" }},
		{"index on nothing", func(in *sdk.CreateTableInput) { in.GlobalSecondaryIndexes = gsi(all, "q") }},
		{"index without projection", func(in *sdk.CreateTableInput) { in.GlobalSecondaryIndexes = gsi(types.Projection{}, "s") }},
		{"attributes of a whole index", func(in *sdk.CreateTableInput) {
			in.GlobalSecondaryIndexes = gsi(types.Projection{ProjectionType: types.ProjectionTypeAll, NonKeyAttributes: []string{"x"}}, "s")
		}},
		{"no global index in the list", func(in *sdk.CreateTableInput) { in.GlobalSecondaryIndexes = []types.GlobalSecondaryIndex{} }},
		{"local index without sort key", func(in *sdk.CreateTableInput) {
			in.LocalSecondaryIndexes = []types.LocalSecondaryIndex{{IndexName: aws.String("Index"), KeySchema: keys("p"), Projection: &all}}
		}},
		{"stream without view", func(in *sdk.CreateTableInput) {
			in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true)}
		}},
		{"view without stream", func(in *sdk.CreateTableInput) {
			in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(false), StreamViewType: types.StreamViewTypeKeysOnly}
		}},
	}
	each(t, func(t *testing.T, s subject) {
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				in := tableInput("Contract-Bad")
				c.change(in)
				_, err := s.db.CreateTable(t.Context(), in)
				t.Cleanup(func() { s.dropTable(*in.TableName) })
				wantError(t, err, validation)
			})
		}
	})
}

func TestTheLifeOfATable(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		name := s.createTable(t, withIndexes, withStream(types.StreamViewTypeKeysOnly))
		_, err := s.db.CreateTable(t.Context(), tableInput(name))
		wantError(t, err, inUse)
		s.put(t, name, key, `{"p":{"S":"b"},"s":{"N":"1"},"g":{"S":"g"}}`)
		out, err := s.db.DescribeTable(t.Context(), &sdk.DescribeTableInput{TableName: &name})
		if err != nil {
			t.Fatal(err)
		}
		checkDescription(t, out.Table)
		list, err := s.db.ListTables(t.Context(), &sdk.ListTablesInput{})
		if err != nil || !slices.Contains(list.TableNames, name) {
			t.Errorf("ListTables: %v, %v", list, err)
		}
		if _, err := s.db.DeleteTable(t.Context(), &sdk.DeleteTableInput{TableName: &name}); err != nil {
			t.Fatal(err)
		}
		_, err = s.db.DescribeTable(t.Context(), &sdk.DescribeTableInput{TableName: &name})
		wantError(t, err, notFound)
	})
}

func checkDescription(t *testing.T, d *types.TableDescription) {
	t.Helper()
	switch {
	case d.TableStatus != types.TableStatusActive,
		aws.ToInt64(d.ItemCount) != 2,
		d.BillingModeSummary == nil || d.BillingModeSummary.BillingMode != types.BillingModePayPerRequest,
		len(d.KeySchema) != 2 || *d.KeySchema[0].AttributeName != "p" || d.KeySchema[1].KeyType != types.KeyTypeRange,
		len(d.AttributeDefinitions) != 3,
		len(d.LocalSecondaryIndexes) != 1 || d.LocalSecondaryIndexes[0].Projection.NonKeyAttributes[0] != "x",
		len(d.GlobalSecondaryIndexes) != 1 || d.GlobalSecondaryIndexes[0].IndexStatus != types.IndexStatusActive,
		aws.ToInt64(d.GlobalSecondaryIndexes[0].ItemCount) != 1,
		d.StreamSpecification == nil || d.StreamSpecification.StreamViewType != types.StreamViewTypeKeysOnly,
		aws.ToString(d.LatestStreamArn) != aws.ToString(d.TableArn)+"/stream/"+aws.ToString(d.LatestStreamLabel):
		t.Errorf("described as %+v", d)
	}
}

func TestListTablesInPages(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		var made, listed []string
		for range 3 {
			made = append(made, s.createTable(t))
		}
		pages := sdk.NewListTablesPaginator(s.db, &sdk.ListTablesInput{Limit: aws.Int32(2)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			listed = append(listed, page.TableNames...)
		}
		for _, name := range made {
			if !slices.Contains(listed, name) {
				t.Errorf("%s is missing from %v", name, listed)
			}
		}
		_, err := s.db.ListTables(t.Context(), &sdk.ListTablesInput{Limit: aws.Int32(101)})
		wantError(t, err, validation)
	})
}

func TestDeletionProtection(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		name := s.createTable(t, func(in *sdk.CreateTableInput) { in.DeletionProtectionEnabled = aws.Bool(true) })
		_, err := s.db.DeleteTable(t.Context(), &sdk.DeleteTableInput{TableName: &name})
		wantError(t, err, validation+": Resource cannot be deleted as it is currently protected against deletion")
		out, err := s.db.UpdateTable(t.Context(), &sdk.UpdateTableInput{TableName: &name, DeletionProtectionEnabled: aws.Bool(false)})
		if err != nil || aws.ToBool(out.TableDescription.DeletionProtectionEnabled) {
			t.Errorf("UpdateTable: %v", err)
		}
		if _, err := s.db.DeleteTable(t.Context(), &sdk.DeleteTableInput{TableName: &name}); err != nil {
			t.Error(err)
		}
	})
}

func TestTimeToLiveSettings(t *testing.T) {
	each(t, func(t *testing.T, s subject) {
		name := s.createTable(t)
		steps := []struct {
			enabled   bool
			attribute string
			err       string
			status    types.TimeToLiveStatus
		}{
			{false, "expires", validation + ": TimeToLive is already disabled", types.TimeToLiveStatusDisabled},
			{true, "expires", "", types.TimeToLiveStatusEnabled},
			{true, "expires", validation + ": TimeToLive is already enabled", types.TimeToLiveStatusEnabled},
			{false, "other", validation + ": TimeToLive is active on a different AttributeName", types.TimeToLiveStatusEnabled},
			{false, "expires", "", types.TimeToLiveStatusDisabled},
		}
		for i, step := range steps {
			_, err := s.db.UpdateTimeToLive(t.Context(), &sdk.UpdateTimeToLiveInput{TableName: &name,
				TimeToLiveSpecification: &types.TimeToLiveSpecification{Enabled: &step.enabled, AttributeName: &step.attribute}})
			wantError(t, err, step.err)
			out, err := s.db.DescribeTimeToLive(t.Context(), &sdk.DescribeTimeToLiveInput{TableName: &name})
			if err != nil || out.TimeToLiveDescription.TimeToLiveStatus != step.status {
				t.Errorf("after step %d: %+v, %v", i, out, err)
			}
		}
	})
}

func TestSettingsThatOnlyAWSActsOn(t *testing.T) {
	onAWS(t, "it does not know tags, backups and endpoints", func(t *testing.T, s subject) {
		name := s.createTable(t, func(in *sdk.CreateTableInput) {
			in.SSESpecification = &types.SSESpecification{Enabled: aws.Bool(true)}
			in.TableClass = types.TableClassStandard
			in.Tags = []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}}
		})
		backups, err := s.db.UpdateContinuousBackups(t.Context(), &sdk.UpdateContinuousBackupsInput{TableName: &name,
			PointInTimeRecoverySpecification: &types.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: aws.Bool(true)}})
		if err != nil || backups.ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus != types.PointInTimeRecoveryStatusEnabled {
			t.Errorf("UpdateContinuousBackups: %v, %v", backups, err)
		}
		table, err := s.db.DescribeTable(t.Context(), &sdk.DescribeTableInput{TableName: &name})
		if err != nil {
			t.Fatal(err)
		}
		arn := table.Table.TableArn
		if _, err := s.db.TagResource(t.Context(), &sdk.TagResourceInput{ResourceArn: arn, Tags: []types.Tag{{Key: aws.String("b"), Value: aws.String("2")}}}); err != nil {
			t.Error(err)
		}
		if _, err := s.db.UntagResource(t.Context(), &sdk.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"a"}}); err != nil {
			t.Error(err)
		}
		tags, err := s.db.ListTagsOfResource(t.Context(), &sdk.ListTagsOfResourceInput{ResourceArn: arn})
		if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].Key != "b" {
			t.Errorf("ListTagsOfResource: %+v, %v", tags, err)
		}
		endpoints, err := s.db.DescribeEndpoints(t.Context(), &sdk.DescribeEndpointsInput{})
		if err != nil || len(endpoints.Endpoints) != 1 {
			t.Errorf("DescribeEndpoints: %+v, %v", endpoints, err)
		}
	})
}
