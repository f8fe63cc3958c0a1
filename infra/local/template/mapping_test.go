package template

import "testing"

func TestAMappingOfItsOwnNamesWhatIsWrongWithIt(t *testing.T) {
	for properties, want := range map[string]string{
		"{FunctionName: !Ref Fn, EventSourceArn: !GetAtt Rows.StreamArn, StartingPosition: LATEST}": "",
		"{FunctionName: !GetAtt Fn.Arn, EventSourceArn: !GetAtt Queue.Arn, Enabled: false}":         "",
		"{EventSourceArn: !GetAtt Queue.Arn}":                                                       "FunctionName is missing",
		"{FunctionName: Other, EventSourceArn: !GetAtt Queue.Arn}":                                  `"Other" is no function of this template`,
		"{FunctionName: !Ref Fn}": "EventSourceArn is missing",
		"{FunctionName: !Ref Fn, EventSourceArn: \"arn:aws:kinesis:us-east-1:1:stream/x\"}":                                     "EventSourceArn must be",
		"{FunctionName: !Ref Fn, EventSourceArn: !GetAtt Rows.StreamArn}":                                                       "StartingPosition is missing",
		"{FunctionName: !Ref Fn, EventSourceArn: !GetAtt Rows.StreamArn, StartingPosition: LATEST, TumblingWindowInSeconds: 1}": "property TumblingWindowInSeconds is not supported",
	} {
		id := "Map"
		if want == "" {
			id = ""
		}
		t.Run(properties, func(t *testing.T) {
			breakLine(t, "  Code:\n", "  Map: {Type: AWS::Lambda::EventSourceMapping, Properties: "+properties+"}\n  Code:\n", id, want)
		})
	}
}
