package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestFailuresAreCountedByWhatTheyAre(t *testing.T) {
	for want, text := range map[string]string{
		"Greet: RetriesExhausted, Error: gone":         `{"Body":"{\"requestContext\":{\"functionArn\":\"arn:aws:lambda:us-east-1:1:function:GreetFunction:$LATEST\",\"condition\":\"RetriesExhausted\"},\"responsePayload\":{\"errorMessage\":\"RequestId: d0fd1d55-0b3c Error: gone\"}}"}`,
		"Publish: RecordAgeExceeded":                   `{"Body":"{\"requestContext\":{\"functionArn\":\"arn:aws:lambda:us-east-1:1:function:PublishFunction\",\"condition\":\"RecordAgeExceeded\"},\"DDBStreamBatchInfo\":{}}"}`,
		"dead letter of HookQueue: received too often": `{"Body":"x","Attributes":{"DeadLetterQueueSourceArn":"arn:aws:sqs:us-east-1:1:HookQueue"}}`,
		"record of the table Content: unknown kind":    `{"Body":"{\"eventSourceARN\":\"arn:aws:dynamodb:us-east-1:1:table/Content/stream/2026\"}","MessageAttributes":{"reason":{"StringValue":"unknown kind"}}}`,
		"something else: no reason":                    `{"Body":"what"}`,
	} {
		var f failure
		if err := json.Unmarshal([]byte(text), &f); err != nil {
			t.Fatal(err)
		}
		if f.String() != want {
			t.Errorf("%q, want %q", f, want)
		}
	}
	var out bytes.Buffer
	leftovers{counts: map[string]int{"Greet: gone": 2, "record": 1}}.print(&out)
	if !strings.Contains(out.String(), "     2 Greet: gone\n     1 record\n") || !strings.Contains(out.String(), "redrive") {
		t.Errorf("it prints\n%s", out.String())
	}
}

// What a greeting had whose instance died is lost, and nobody's fault; but not to who has ids.
func TestWhatIsLostWithGreetIsCountedByItself(t *testing.T) {
	frame := `{"stream":["public"],"event":"update","payload":"{\"mark\":\"a\",\"n\":4}"}`
	body, err := json.Marshal(map[string]any{"requestContext": map[string]string{"functionArn": "GreetFunction"}, "requestPayload": map[string]any{"frames": []string{frame, "{}"}}})
	if err != nil {
		t.Fatal(err)
	}
	had := failure{Body: string(body)}.events()
	if !slices.Equal(had, []eventName{{"a", 4}}) {
		t.Fatalf("it had %v", had)
	}
	var v verdict
	for _, kind := range []chaosKind{plainSocket, socketWithIDs} {
		for _, n := range []int{4, 5} {
			v.of[kind].lost++
			v.faulty = append(v.faulty, misfortune{&chaosClient{kind: kind}, publicKey, "lost", writtenEvent{eventName{"a", n}, at(0)}})
		}
	}
	leftovers{given: map[eventName]bool{{"a", 4}: true}}.excuse(&v)
	if v.of[plainSocket].lost != 1 || v.of[plainSocket].greet != 1 || v.of[socketWithIDs].lost != 2 || len(v.faulty) != 3 || v.all().greet != 1 {
		t.Errorf("%+v, %d faulty", v.of, len(v.faulty))
	}
}
