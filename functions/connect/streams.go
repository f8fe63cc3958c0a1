package main

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"edgestream/functions/internal/awsenv"
	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/env"
	"edgestream/functions/internal/history"
	"edgestream/functions/internal/lambdainvoke"
	"edgestream/functions/internal/mastodon"
)

// admitAccounts admits clients of Mastodon's protocol.
func admitAccounts(vars *env.Vars, cfg aws.Config, connections *dynamo.Connections, greeter mastodon.Greeter) mastodon.Connect {
	db := awsenv.DynamoDB(cfg)
	accounts := dynamo.NewAccounts(db, vars.Text("ACCOUNTS_TABLE"))
	positions := history.Resumer{
		Keeper: connections, Log: dynamo.NewHistory(db, vars.Text("HISTORY_TABLE")),
		Kept: time.Duration(vars.Int("HISTORY_MINUTES")) * time.Minute,
	}
	return mastodon.Connect{
		Tokens:      accounts,
		Authoriser:  mastodon.Authoriser{Lists: accounts, MaxTag: vars.Int("MAX_TAG_LENGTH"), MaxList: vars.Int("MAX_LIST_LENGTH")},
		Connections: connections,
		Recheck:     mastodon.Recheck{Lists: accounts, Viewers: accounts, Mappings: connections},
		Resume:      mastodon.Resume{Positions: positions, Replayer: lambdainvoke.NewReplayer(vars.Text("REPLAY_FUNCTION"), cfg)},
		Greeter:     greeter,
	}
}
