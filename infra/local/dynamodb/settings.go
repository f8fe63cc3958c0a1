package dynamodb

import (
	"maps"
	"slices"
	"strings"
	"time"
)

type tag struct{ Key, Value string }

func tagMap(tags []tag) map[string]string {
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		m[t.Key] = t.Value
	}
	return m
}

type tagResourceInput struct {
	ResourceArn string
	Tags        []tag
}

// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TagResource.html
func (e *Engine) tagResource(in *tagResourceInput) (object, error) {
	return e.changeTags(in.ResourceArn, func(tags map[string]string) { maps.Copy(tags, tagMap(in.Tags)) })
}

type untagResourceInput struct {
	ResourceArn string
	TagKeys     []string
}

// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UntagResource.html
func (e *Engine) untagResource(in *untagResourceInput) (object, error) {
	return e.changeTags(in.ResourceArn, func(tags map[string]string) {
		for _, key := range in.TagKeys {
			delete(tags, key)
		}
	})
}

func (e *Engine) changeTags(arn string, change func(map[string]string)) (object, error) {
	t, err := e.tableOfARN(arn)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	change(t.settings.tags)
	return object{}, nil
}

func (e *Engine) tableOfARN(arn string) (*table, error) {
	if !strings.HasPrefix(arn, "arn:") {
		return nil, invalidValues("Invalid ResourceArn: %s", arn)
	}
	return e.table(arn)
}

type listTagsInput struct{ ResourceArn string }

// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ListTagsOfResource.html
func (e *Engine) listTagsOfResource(in *listTagsInput) (object, error) {
	t, err := e.tableOfARN(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	list := []tag{}
	for _, key := range slices.Sorted(maps.Keys(t.settings.tags)) {
		list = append(list, tag{key, t.settings.tags[key]})
	}
	return object{{"Tags", list}}, nil
}

type updateBackupsInput struct {
	TableName                        string
	PointInTimeRecoverySpecification struct{ PointInTimeRecoveryEnabled bool }
}

// updateContinuousBackups records the setting. Nothing can be restored from memory.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateContinuousBackups.html
func (e *Engine) updateContinuousBackups(in *updateBackupsInput) (object, error) {
	t, err := e.table(in.TableName)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s := &t.settings
	if on := in.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled; on != s.recovery {
		s.recovery, s.recoverySince = on, e.now()
	}
	return s.describeBackups(e.now()), nil
}

// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeContinuousBackups.html
func (e *Engine) describeContinuousBackups(in *tableInput) (object, error) {
	t, err := e.table(in.TableName)
	if err != nil {
		return nil, err
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.settings.describeBackups(e.now()), nil
}

func (s *tableSettings) describeBackups(now time.Time) object {
	recovery := object{{"PointInTimeRecoveryStatus", "DISABLED"}}
	if s.recovery {
		recovery = object{{"PointInTimeRecoveryStatus", "ENABLED"},
			{"EarliestRestorableDateTime", s.recoverySince}, {"LatestRestorableDateTime", now}}
	}
	return object{{"ContinuousBackupsDescription", object{
		{"ContinuousBackupsStatus", "ENABLED"}, {"PointInTimeRecoveryDescription", recovery}}}}
}

type noInput struct{}

// describeEndpoints names the host of AWS's own endpoint: a client that asks
// only wants to know that there is no other to be used.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeEndpoints.html
func (e *Engine) describeEndpoints(*noInput) (object, error) {
	return object{{"Endpoints", []object{{
		{"Address", "dynamodb." + e.opts.Region + ".amazonaws.com"}, {"CachePeriodInMinutes", 1440}}}}}, nil
}

// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeLimits.html
func (e *Engine) describeLimits(*noInput) (object, error) {
	return object{
		{"AccountMaxReadCapacityUnits", 80000}, {"AccountMaxWriteCapacityUnits", 80000},
		{"TableMaxReadCapacityUnits", 40000}, {"TableMaxWriteCapacityUnits", 40000},
	}, nil
}
