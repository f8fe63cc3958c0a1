package dynamodb

import (
	"encoding/json"
	"net/http"
	"testing"
)

// FuzzRequest sends any body to every operation: each is answered with JSON,
// and never with a server's error.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `[]`, `{"TableName":"Music"}`, `{"TableName":"Music","Item":{"p":{"S":"a"},"s":{"N":"1"},"m":{"M":{"l":{"L":[{"NULL":true}]}}}}}`,
		`{"TableName":"Music","Key":{"p":{"S":"a"},"s":{"N":"1"}},"UpdateExpression":"SET a = :v","ExpressionAttributeValues":{":v":{"NS":["1","-2e5"]}}}`,
		`{"TableName":"Music","KeyConditionExpression":"p = :p AND s < :s","ExpressionAttributeValues":{":p":{"S":"a"},":s":{"N":"1"}},"Limit":1,"ExclusiveStartKey":{"p":{"S":"a"},"s":{"N":"0"}}}`,
		`{"RequestItems":{"Music":[{"PutRequest":{"Item":{"p":{"S":"a"},"s":{"N":"1"}}}},{"DeleteRequest":{"Key":{"p":{"S":"b"},"s":{"N":"1"}}}}]}}`,
		`{"RequestItems":{"Music":{"Keys":[{"p":{"S":"a"},"s":{"N":"1"}}],"ProjectionExpression":"p"}}}`,
		`{"TransactItems":[{"Put":{"TableName":"Music","Item":{"p":{"S":"a"},"s":{"N":"1"}}}},{"Get":null}],"ClientRequestToken":"t"}`,
		`{"ShardIterator":"arn|1|eHwxfDE="}`, `{"StreamArn":"x","ShardId":"y","ShardIteratorType":"LATEST"}`,
		`{"TableName":"Music","Segment":1,"TotalSegments":2,"FilterExpression":"size(p) > :p"}`,
		`{"TableName":"Music","TimeToLiveSpecification":{"Enabled":true,"AttributeName":"e"}}`, createMusic,
	} {
		f.Add([]byte(seed))
	}
	e := newEngine(f, Options{TTLInterval: -1})
	f.Fuzz(func(t *testing.T, body []byte) {
		for target := range operations {
			result, err := operations[target](e, body)
			if err != nil {
				result = toAPIError(err).body()
				if toAPIError(err).status >= http.StatusInternalServerError {
					t.Errorf("%s: %v", target, err)
				}
			}
			if text := result.appendJSON(nil); !json.Valid(text) {
				t.Errorf("%s answered %s", target, text)
			}
		}
		e.send("CreateTable", createMusic) // again, in case it has been deleted
	})
}
