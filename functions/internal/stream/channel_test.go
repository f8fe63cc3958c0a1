package stream

import (
	"strings"
	"testing"
)

func TestChannelsOfOwners(t *testing.T) {
	for _, channel := range []string{"a", "presence-cache-x", "A-_=@,.;9", "#server-to-user-ü #", strings.Repeat("a", 200)} {
		app, got, err := channelOf(&Item{Owner: Owner("4072", channel)})
		if err != nil || app != "4072" || got != channel {
			t.Errorf("%s: %s %s %v", channel, app, got, err)
		}
	}
	for _, owner := range []string{"", "1", "app#4072", "app##x", "app#a/b#x", "app#4072#", "app#4072#a b", "app#4072#ü", "app#4072##x",
		"app#4072##server-to-user-", "app#4072#" + strings.Repeat("a", 201), "app#" + strings.Repeat("4", 65) + "#a",
		"app#4072##server-to-user-" + strings.Repeat("a", 129)} {
		if app, channel, err := channelOf(&Item{Owner: owner}); err == nil {
			t.Errorf("%q is %s of %s", owner, channel, app)
		}
	}
}

func TestCacheChannels(t *testing.T) {
	for channel, want := range map[string]bool{
		"cache-x": true, "private-cache-x": true, "private-encrypted-cache-x": true, "presence-cache-x": true,
		"": false, "x": false, "cache": false, "x-cache-": false, "private-x": false, "presence-x-cache-": false,
		"encrypted-cache-x": false, "private-presence-cache-x": false,
	} {
		if IsCacheChannel(channel) != want {
			t.Errorf("%s: %v", channel, !want)
		}
	}
}

func TestTopicsOfApps(t *testing.T) {
	for topic, want := range map[Topic]bool{
		ChannelTopic("1", "x"): true, WatchTopic("1", "x"): true, ItemsTopic("1"): true,
		AccountTopic("1"): false, PublicTopic(): false, EveryoneTopic(): false, {}: false,
	} {
		if topic.OfApp() != want {
			t.Errorf("%s: %v", topic, !want)
		}
	}
	if account, ok := ItemsTopic("7").Items(); account != "7" || !ok {
		t.Error(account, ok)
	}
	if _, ok := AccountTopic("7").Items(); ok {
		t.Error("an account's topic is no topic of items")
	}
	if _, ok := ParseTopic(ItemsTopic("7").String()); ok {
		t.Error("subscriptions are found under no topic of items")
	}
}
