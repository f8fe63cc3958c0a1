package main

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"edgestream/functions/internal/awsenv"
	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/env"
	"edgestream/functions/internal/greet"
	"edgestream/functions/internal/history"
	"edgestream/functions/internal/lambdainvoke"
	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/route"
)

// streamMessages handles messages of Mastodon's protocol.
func streamMessages(vars *env.Vars, cfg aws.Config, connections *dynamo.Connections, answers greet.Greeter) mastodon.Messages {
	db := awsenv.DynamoDB(cfg)
	accounts := dynamo.NewAccounts(db, vars.Text("ACCOUNTS_TABLE"))
	positions := history.Resumer{
		Keeper: connections, Log: dynamo.NewHistory(db, vars.Text("HISTORY_TABLE")),
		Kept: time.Duration(vars.Int("HISTORY_MINUTES")) * time.Minute,
	}
	return mastodon.Messages{
		Sessions: connections, Subscriptions: connections, Greeter: answers, Margin: route.Margin,
		Authoriser: mastodon.Authoriser{Lists: accounts, MaxTag: vars.Int("MAX_TAG_LENGTH"), MaxList: vars.Int("MAX_LIST_LENGTH")},
		Recheck:    mastodon.Recheck{Lists: accounts, Viewers: accounts, Mappings: connections},
		Resume:     mastodon.Resume{Positions: positions, Replayer: lambdainvoke.NewReplayer(vars.Text("REPLAY_FUNCTION"), cfg)},
		MaxBytes:   vars.Int("MAX_MESSAGE_BYTES"),
	}
}
