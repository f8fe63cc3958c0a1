package pusher

import "context"

// publish has an event of the client published, to all but itself.
func (c *call) publish(ctx context.Context) (outcome, error) {
	c.channel = Channel(c.message.channel)
	if err := c.load(ctx); err != nil {
		return outcome{}, err
	}
	as, err := c.sender()
	if err != nil {
		return outcome{}, err
	}
	e := Event{Name: c.event, Data: c.payload(), Except: c.in.SocketID(), User: as.User}
	if err := CheckEvent(e.Name); err != nil {
		return outcome{}, told(err, "Invalid client event (its name is too long)")
	}
	if len(e.Data) > MaxData {
		return outcome{}, told(ErrTooLarge, "Client event rejected - its data has more than 10240 bytes")
	}
	left, err := c.Connections.Spend(ctx, c.session, c.in.At)
	if err == nil && !left {
		err = errRate
	}
	if err != nil {
		return outcome{}, err
	}
	return outcome{}, c.Events.PublishClient(ctx, c.app.ID, string(c.channel), e)
}

// sender says as whom the client speaks on the channel, if it may.
func (c *call) sender() (Subscriber, error) {
	as, subscribed := c.session.Channels[string(c.channel)]
	reason := ""
	switch {
	case !c.app.ClientEvents:
		reason = "To send client events, you must enable this feature in the Settings page of your dashboard."
	case c.channel == "" || c.data == nil:
		reason = "Invalid client event (must contain channel and data)"
	case !c.channel.Private() || c.channel.Encrypted():
		reason = "Client event rejected - only supported on private and presence channels"
	case !subscribed:
		reason = "Cannot broadcast client event (connection not subscribed to channel " + short(string(c.channel)) + ")"
	default:
		return as, nil
	}
	return as, told(errClientEvent, reason)
}
