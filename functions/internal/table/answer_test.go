package table

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAnAnswerHasWhatIsLeftToDo(t *testing.T) {
	row := Item{{"pk", Text("a")}, {"sk", Text("b")}}
	for name, tt := range map[string]struct {
		body string
		want Answer
	}{
		"a row that was not written":  {`{"UnprocessedItems":{"T":[{"PutRequest":{"Item":{"pk":{"S":"a"},"sk":{"S":"b"}}}}]}}`, Answer{Left: []Item{row}}},
		"a row that was not deleted":  {`{"UnprocessedItems":{"T":[{"DeleteRequest":{"Key":{"pk":{"S":"a"},"sk":{"S":"b"}}}}]}}`, Answer{Left: []Item{row}}},
		"a row that was not read":     {`{"Responses":{"T":[]},"UnprocessedKeys":{"T":{"Keys":[{"pk":{"S":"a"},"sk":{"S":"b"}}],"ConsistentRead":true}}}`, Answer{Left: []Item{row}}},
		"nothing":                     {`{"Responses":{"T":[]},"UnprocessedKeys":{},"UnprocessedItems":{}}`, Answer{}},
		"what was consumed of tables": {`{"ConsumedCapacity":[{"TableName":"T","CapacityUnits":1.5},{"CapacityUnits":2}]}`, Answer{capacity: 3.5}},
		"more pages":                  {`{"Items":[{"pk":{"S":"a"},"sk":{"S":"b"}}],"Count":1,"LastEvaluatedKey":{"pk":{"S":"a"},"sk":{"S":"b"}}}`, Answer{Rows: []Item{row}, Count: 1, More: row}},
		"rows that are only counted":  {`{"Count":2,"ScannedCount":3}`, Answer{Count: 2}},
	} {
		got, err := parseAnswer(tt.body)
		if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(Answer{})); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	if _, err := parseAnswer(`{"Items":[{"pk":{"S":"a"}}]`); err == nil {
		t.Error("half an answer is accepted")
	}
}
