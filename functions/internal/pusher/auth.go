package pusher

import "strings"

// ChannelText is what a subscription to a private or presence channel is signed with:
//
//	{socket_id}:{channel}
//	{socket_id}:{channel}:{channel_data}
//
// The second form is for whoever sends channel_data, byte for byte as it is sent, also if the channel
// is no presence channel, and if it is empty.
//
// https://pusher.com/docs/channels/library_auth_reference/auth-signatures/
func ChannelText(socketID, channel string, data ...string) string {
	return strings.Join(append([]string{socketID, channel}, data...), ":")
}

// UserText is what a user is signed in with; data is user_data, byte for byte as it is sent.
func UserText(socketID, data string) string { return socketID + "::user::" + data }

// Auth is the text with which a client proves that the app allows what the text says: the app's key
// and the signature.
func (a App) Auth(text string) string { return a.Key + ":" + Sign(a.Secret, text) }

// authorised says why auth is not what Auth makes of the text. wanted begins the answer to who sent
// nothing.
func (a App) authorised(text, auth, wanted string) error {
	key, signature, _ := strings.Cut(auth, ":")
	switch {
	case auth == "":
		return told(ErrSignature, wanted)
	case key != a.Key || a.Secret == "":
		return told(ErrSignature, "Invalid key in subscription auth data: '"+short(key)+"'")
	case !Signed(a.Secret, text, signature):
		return told(ErrSignature, "Invalid signature: Expected HMAC SHA256 hex digest of "+text+", but got "+short(signature))
	}
	return nil
}
