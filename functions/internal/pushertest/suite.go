package pushertest

import (
	"context"
	"testing"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

// Directory is what of pusher.Directory is known without a publisher.
type Directory interface {
	Users(ctx context.Context, app, channel string) ([]string, error)
	UserConnections(ctx context.Context, app, user string) ([]stream.Connection, error)
}

// Subject is a store under test and how to look into it.
type Subject struct {
	Connections pusher.Connections
	Directory   Directory
	// Listeners finds everyone who listens to a topic, in any order. It is not asked for channels that
	// Join, whose mappings are the publisher's.
	Listeners func(ctx context.Context, t stream.Topic) ([]stream.Listener, error)
}

type opener = func(*testing.T, Limits) Subject

// Run runs the suite. open makes an empty store with the given limits; apps and connections of
// different tests do not overlap, so that stores may share what is underneath.
func Run(t *testing.T, open func(t *testing.T, l Limits) Subject) {
	for name, test := range map[string]func(*testing.T, opener){
		"ASessionIsReadBackAsItWasOpened":            readBack,
		"AConnectionThatIsNotOpenIsNotKnown":         unknown,
		"ASubscriptionIsFoundUnderItsChannel":        found,
		"AppsDoNotShareChannels":                     separateApps,
		"TheFirstSubscriberOccupiesAChannel":         occupies,
		"OneOfManyWhoComeAtOnceOccupiesAChannel":     occupiesSideBySide,
		"ASecondSubscribeIsRefused":                  duplicate,
		"AMessageThatComesTwiceCountsOnce":           repeated,
		"AnOvertakenSubscribeChangesNothing":         overtakenSubscribe,
		"AnOvertakenUnsubscribeSaysSo":               overtakenUnsubscribe,
		"SubscribeWinsATie":                          tie,
		"UnsubscribingWhatIsNotSubscribedIsNoError":  unsubscribeNothing,
		"TheLastToUnsubscribeLeavesAChannelEmpty":    empties,
		"SubscriptionsOfAConnectionAreLimited":       limited,
		"AUserWithSeveralConnectionsIsOneMember":     oneMember,
		"APresenceChannelIsLimited":                  full,
		"ClosingRemovesEverything":                   closes,
		"WhoHasLeftIsToldTheSameUntilTheEnd":         leavesAgain,
		"ClosingAgainOrWhatIsNotOpenIsNoError":       closesAgain,
		"NothingCanBeSubscribedAfterTheClose":        afterClose,
		"AConnectionIsSignedInAsOneUser":             signsIn,
		"WhoSignsInIsOnlineUntilTheLastCloses":       online,
		"WhoIsWatchedIsFound":                        watches,
		"AConnectionSendsTenEventsInASecond":         spends,
		"OnlyWhoIsConnectedIsHeard":                  heard,
		"AnyOrderOfMessagesEndsInTheNewestState":     anyOrder,
		"PresenceIsTrueAfterAnyInterleavingOfCloses": anyPresence,
	} {
		t.Run(name, func(t *testing.T) { test(t, open) })
	}
}
