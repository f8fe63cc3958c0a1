package eventsource

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/google/go-cmp/cmp"
)

func sampleRecord() *types.Record {
	return &types.Record{
		EventID: aws.String("e1"), EventName: types.OperationTypeModify, EventVersion: aws.String("1.1"),
		EventSource: aws.String("aws:dynamodb"), AwsRegion: aws.String("ddblocal"),
		Dynamodb: &types.StreamRecord{
			ApproximateCreationDateTime: aws.Time(time.Unix(1700000000, 999e6)),
			Keys:                        map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: "1"}},
			NewImage: map[string]types.AttributeValue{
				"s":    &types.AttributeValueMemberS{Value: "<é&\u2028>"},
				"n":    &types.AttributeValueMemberN{Value: "1.50"},
				"b":    &types.AttributeValueMemberB{Value: []byte{0, 1, 255}},
				"bool": &types.AttributeValueMemberBOOL{Value: false},
				"null": &types.AttributeValueMemberNULL{Value: true},
				"ss":   &types.AttributeValueMemberSS{Value: []string{"a"}},
				"ns":   &types.AttributeValueMemberNS{Value: []string{"1", "2"}},
				"bs":   &types.AttributeValueMemberBS{Value: [][]byte{{1}}},
				"m":    &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"x": &types.AttributeValueMemberM{}}},
				"l":    &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberS{Value: "z"}, &types.AttributeValueMemberL{}}},
			},
			SequenceNumber: aws.String("111"), SizeBytes: aws.Int64(26), StreamViewType: types.StreamViewTypeNewAndOldImages,
		},
	}
}

func TestARecordHasTheShapeOfLambdasEvent(t *testing.T) {
	got, err := encodeRecord(sampleRecord(), "eu-west-1", testStream)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"eventID":"e1","eventName":"MODIFY","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"eu-west-1",` +
		`"dynamodb":{"ApproximateCreationDateTime":1700000000,"Keys":{"id":{"S":"1"}},"NewImage":{` +
		`"b":{"B":"AAH/"},"bool":{"BOOL":false},"bs":{"BS":["AQ=="]},"l":{"L":[{"S":"z"},{"L":[]}]},"m":{"M":{"x":{"M":{}}}},` +
		`"n":{"N":"1.50"},"ns":{"NS":["1","2"]},"null":{"NULL":true},"s":{"S":"<é&\u2028>"},"ss":{"SS":["a"]}},` +
		`"SequenceNumber":"111","SizeBytes":26,"StreamViewType":"NEW_AND_OLD_IMAGES"},"eventSourceARN":"` + testStream + `"}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestARemovalByTTLHasAnIdentity(t *testing.T) {
	r := sampleRecord()
	r.UserIdentity = &types.Identity{PrincipalId: aws.String("dynamodb.amazonaws.com"), Type: aws.String("Service")}
	r.EventName = types.OperationTypeRemove
	got, err := encodeRecord(r, "us-east-1", testStream)
	if err != nil {
		t.Fatal(err)
	}
	event := decodeEvent(t, frame([]*record{{event: got}, {event: got}}))
	if len(event.Records) != 2 || event.Records[1].UserIdentity == nil || *event.Records[1].UserIdentity != (events.DynamoDBUserIdentity{Type: "Service", PrincipalID: "dynamodb.amazonaws.com"}) {
		t.Errorf("%+v", event)
	}
}

func decodeEvent(t *testing.T, body []byte) (event events.DynamoDBEvent) {
	t.Helper()
	if err := json.Unmarshal(body, &event); err != nil {
		t.Fatal(err)
	}
	return event
}

func TestAnEventIsReadByTheLambdaLibrary(t *testing.T) {
	encoded, err := encodeRecord(sampleRecord(), "us-east-1", testStream)
	if err != nil {
		t.Fatal(err)
	}
	r := decodeEvent(t, frame([]*record{{event: encoded}})).Records[0]
	image := r.Change.NewImage
	if r.EventID != "e1" || r.EventName != "MODIFY" || r.EventSourceArn != testStream || r.UserIdentity != nil ||
		r.Change.SequenceNumber != "111" || r.Change.SizeBytes != 26 || !r.Change.ApproximateCreationDateTime.Equal(time.Unix(1700000000, 0)) ||
		r.Change.OldImage != nil || r.Change.Keys["id"].String() != "1" {
		t.Errorf("%+v", r)
	}
	if image["s"].String() != "<é&\u2028>" || image["n"].Number() != "1.50" || string(image["b"].Binary()) != "\x00\x01\xff" || image["bool"].Boolean() ||
		!image["null"].IsNull() || len(image["ns"].NumberSet()) != 2 || len(image["l"].List()) != 2 || len(image["m"].Map()) != 1 || len(image["bs"].BinarySet()) != 1 {
		t.Errorf("%+v", image)
	}
}

func TestARecordWithoutContentIsStillEncoded(t *testing.T) {
	got, err := encodeRecord(&types.Record{}, "us-east-1", testStream)
	if err != nil {
		t.Fatal(err)
	}
	if r := decodeEvent(t, frame([]*record{{event: got}})).Records[0]; r.EventVersion != "1.1" || r.EventSource != "aws:dynamodb" {
		t.Errorf("%+v", r)
	}
}
