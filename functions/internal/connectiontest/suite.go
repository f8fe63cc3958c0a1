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
	Open(ctx context.Context, s stream.Session, first []stream.Subscription) error
	// Session is what Open was given. ErrNoConnection: never opened, or closed.
	Session(ctx context.Context, c stream.Connection) (stream.Session, error)
	// Subscribe and Unsubscribe apply a message of the given time.
	// Subscribe: ErrTooManySubscriptions; ErrNoConnection for a connection that is not open.
	Subscribe(ctx context.Context, s stream.Session, sub stream.Subscription, at time.Time) error
	Unsubscribe(ctx context.Context, s stream.Session, sub stream.Subscription, at time.Time) error
	// Close removes the connection and everything that it holds; nil when there is nothing.
	Close(ctx context.Context, c stream.Connection) error
}

// Subject is a store under test and how its listeners are read.
type Subject struct {
	Store Store
	// Listeners finds everyone who listens to a topic, in any order.
	Listeners func(ctx context.Context, t stream.Topic) ([]stream.Listener, error)
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
		"ASubscribeAfterTheCloseLeavesNothing":           subscribeAfterClose,
		"ConnectionsDoNotSeeEachOther":                   connectionsAreSeparate,
		"AnyOrderOfMessagesEndsInTheStateOfTheNewest":    anyOrder,
		"MessagesSideBySideEndInTheStateOfTheNewest":     sideBySide,
		"AManyNamedTopicIsFoundWhole":                    wideTopic,
		"HostileTagsAreKeptAsTheyAre":                    hostileTags,
		"UnsubscribingWhatIsNotSubscribedChangesNothing": unsubscribeNothing,
	} {
		t.Run(name, func(t *testing.T) { test(t, open) })
	}
}
