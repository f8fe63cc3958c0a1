// Package stream is the vocabulary of the service: the streams that a client can
// subscribe to, the topics under which subscriptions are found again, the
// connections that hold them, and the messages that a change of content becomes.
//
// It is the domain. It knows neither AWS nor HTTP nor a wire format: package
// mastodon speaks a protocol, package publish delivers, the adapters store and send.
//
// # Topics and streams
//
// A stream is what a client names ("user", "public:local:media", "hashtag"). A topic is
// what a publisher looks up once per change. Streams that one change can reach together
// share a topic, so that a change costs one look-up and not one per stream:
//
//	account/1     user, user:notification and direct of account 1
//	public        public and its :local, :remote and :media variants
//	hashtag/foo   hashtag and hashtag:local of the normalised tag foo
//	list/12       list 12
//	everyone      every connection that is subscribed to user
//	channel/1/x   channel x of app 1
//	watch/1/7     who watches whether user 7 of app 1 is online
//
// A Message names its topic and the streams in it that get it; a Listener says what it
// hears. Names and rules follow https://docs.joinmastodon.org/methods/streaming/.
package stream
