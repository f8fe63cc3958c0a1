package connectiontest

import (
	"context"
	"testing"
	"time"

	"edgestream/functions/internal/stream"
)

// Limits are what a store is made with.
type Limits struct {
	// Subscriptions is how many a connection may hold at a time.
	Subscriptions int
	// Connections is how many an account may have open at a time.
	Connections int
}

// Store is what the socket functions write to. Its errors are those of package stream, to be
// found with errors.Is.
type Store interface {
	// Open admits a connection and subscribes it to first, whose mappings are young.
	// ErrTooManyConnections: the account has as many as it may, and nothing was written.
	// With s.EventIDs all of first is being replayed.
	Open(ctx context.Context, s stream.Session, first []stream.Subscription) error
	// Confirm is nil if what Open stored still stands; its mappings are young again then. ErrInvalidToken: it does not, and nothing is left.
	Confirm(ctx context.Context, s stream.Session, first []stream.Subscription) error
	// Session is what Open was given. ErrNoConnection: never opened, or closed.
	Session(ctx context.Context, c stream.Connection) (stream.Session, error)
	// Subscribe and Unsubscribe apply a message of the given time.
	// Subscribe: ErrTooManySubscriptions; ErrNoConnection for a connection that is not open.
	// begun: the session is one with ids, and this message made the subscription, which is being
	// replayed. It is true again when the call is repeated before the subscription is live.
	Subscribe(ctx context.Context, s stream.Session, sub stream.Subscription, at time.Time) (begun bool, err error)
	Unsubscribe(ctx context.Context, s stream.Session, sub stream.Subscription, at time.Time) error
	// Close removes the connection and everything that it holds; nil when there is nothing.
	Close(ctx context.Context, c stream.Connection) error
	// HandOver has the listener found Opened at the time, or at a later one that it was found at, if
	// $connect made its subscription.
	HandOver(ctx context.Context, l stream.Listener, until time.Time) error
	// Defer leaves what is in the logs by now to the replay of the listener's subscription. False:
	// the subscription is live.
	Defer(ctx context.Context, l stream.Listener) (bool, error)
	// Replaying is the replay's subscription as a listener, and its turn; 0 if it is not replayed,
	// or was made by another message than the replay is for (r.Made; zero: any).
	Replaying(ctx context.Context, r stream.Replay) (l stream.Listener, turn int64, err error)
	// CaughtUp makes the replay's subscription live if it is in that turn, and says whether it did.
	CaughtUp(ctx context.Context, r stream.Replay, turn int64) (bool, error)
	// Keep has the topics kept, and says since when all of them have been.
	Keep(ctx context.Context, topics []stream.Topic) (since time.Time, err error)
}

// Subject is a store under test and how its audiences are read.
type Subject struct {
	Store Store
	// Audience finds everyone who listens to a topic, in any order.
	Audience func(ctx context.Context, t stream.Topic) (stream.Audience, error)
	// Cut is the same store with audiences that are cut from so many listeners on.
	Cut func(from int) Wide
}

// Run runs the suite. open makes an empty store with the given limits; connections and accounts
// of different tests do not overlap, so that stores may share what is underneath.
func Run(t *testing.T, open func(t *testing.T, l Limits) Subject) {
	for name, test := range map[string]func(*testing.T, func(*testing.T, Limits) Subject){
		"ASessionIsReadBackAsItWasOpened":                sessionIsReadBack,
		"AConnectionThatWasNeverOpenedIsNotKnown":        unknownConnection,
		"OneAccountsConnectionsAreLimited":               connectionLimit,
		"OneAccountsConnectionsAreLimitedSideBySide":     connectionLimitSideBySide,
		"WhatConnectSubscribesIsYoung":                   firstSubscriptionsAreYoung,
		"WhatIsHandedOverIsFoundSo":                      handedOver,
		"ASubscriptionIsFoundUnderItsTopicOnly":          foundUnderItsTopic,
		"AListenerCarriesWhatAPublisherNeeds":            listenerFields,
		"AUserStreamIsFoundUnderEveryoneToo":             userIsEveryone,
		"ADuplicateKeepsTheFirstSpelling":                duplicateKeepsSpelling,
		"ADuplicateMovesTheTime":                         duplicateMovesTime,
		"TheNextSpellingHoldsAfterAnUnsubscribe":         spellingAfterUnsubscribe,
		"AnOvertakenSubscribeChangesNothing":             overtakenSubscribe,
		"AnOvertakenUnsubscribeChangesNothing":           overtakenUnsubscribe,
		"SubscribeWinsATie":                              subscribeWinsTies,
		"WhatConnectSubscribedCanBeUnsubscribed":         unsubscribeFirst,
		"SubscriptionsOfAConnectionAreLimited":           subscriptionLimit,
		"SubscriptionsAreLimitedSideBySide":              subscriptionLimitSideBySide,
		"ADuplicateIsWelcomeAtTheLimit":                  duplicateAtLimit,
		"AnUnsubscribeMakesRoom":                         unsubscribeMakesRoom,
		"ClosingRemovesEverything":                       closeRemoves,
		"ClosingTwiceOrWhatWasNeverOpenIsNoError":        closeTwice,
		"OnlyWhatStandsIsConfirmed":                      confirmed,
		"ASubscribeAfterTheCloseLeavesNothing":           subscribeAfterClose,
		"ConnectionsDoNotSeeEachOther":                   connectionsAreSeparate,
		"AnyOrderOfMessagesEndsInTheStateOfTheNewest":    anyOrder,
		"MessagesSideBySideEndInTheStateOfTheNewest":     sideBySide,
		"AManyNamedTopicIsFoundWhole":                    wideTopic,
		"HostileTagsAreKeptAsTheyAre":                    hostileTags,
		"UnsubscribingWhatIsNotSubscribedChangesNothing": unsubscribeNothing,
		"WithoutIDsNothingIsReplayed":                    withoutIDs,
		"WithIDsEverySubscriptionIsReplayedFirst":        withIDs,
		"AReplayIsBegunByTheMessageThatMadeIt":           begunOnce,
		"WhatIsDeferredIsReadBeforeTheEnd":               deferred,
		"WhatHasEndedIsNotReplayed":                      endedReplay,
		"AReplayIsOfTheSubscriptionThatItsMessageMade":   ownReplay,
		"ADuplicateDoesNotReplayAgain":                   duplicateOfLive,
		"AnyOrderOfMessagesAndTurnsKeepsTheReplayRight":  anyTurn,
		"ReplayAndPublishersTogetherLoseNothing":         handOver,
		"ATopicIsKeptFromTheFirstTimeOn":                 kept,
		"OneWhoMayResumeKeepsATopic":                     keptForListeners,
		"OnlyWideTopicsAreLeftOut":                       onlyWideIsCut,
		"ATopicIsKeptThoughItIsWide":                     wideIsKept,
		"SlicesTogetherHaveEachListenerOnce":             slicesHaveAll,
		"APageGoesOnBehindWhoHasLeft":                    pageBehindTheGone,
		"ListenersAreCounted":                            counted,
		"ASegmentIsWideWhileASliceIsOpen":                openIsWide,
		"ASliceGoesOnWhereItGot":                         goesOn,
		"WhatWasClosedIsNotOpenedAgain":                  closedForGood,
		"OwnersAreOpenUntilTheirLastSliceIsClosed":       openOwners,
		"SlicesThatAreClosedSideBySideEnd":               closedSideBySide,
		"AnyOrderOfOpeningAndClosingEndsRight":           anyOpening,
	} {
		t.Run(name, func(t *testing.T) { test(t, open) })
	}
}
