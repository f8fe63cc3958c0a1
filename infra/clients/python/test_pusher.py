"""`pusher` of PyPI as the server of an application."""

import json
import unittest

from pusher.errors import PusherBadAuth, PusherBadRequest

from channels import App, Listener, Receiver, new_name, until
from streams import main


class Publishing(unittest.TestCase):
    def setUp(self):
        self.app = App()

    def test_trigger(self):
        one, two = Listener(self, self.app), Listener(self, self.app)
        channel = new_name()
        for listener in (one, two):
            listener.subscribe(channel)
        server = self.app.server
        self.assertEqual(server.trigger(channel, "one", {"a": "é <&>"}), {})
        self.assertEqual(server.trigger([channel, new_name()], "many", "text"), {})
        server.trigger(channel, "others", "x", socket_id=one.id)
        server.trigger(channel, "last", "y")
        for listener in (one, two):
            listener.expect_text("one", channel, '{"a": "é <&>"}')
            listener.expect_text("many", channel, "text")
            if listener is two:
                listener.expect_text("others", channel, "x")
            listener.expect_text("last", channel, "y")

    def test_batch(self):
        listener = Listener(self, self.app)
        channel = new_name()
        listener.subscribe(channel)
        batch = [{"channel": channel, "name": f"e{n}", "data": f"d{n}"} for n in range(10)]
        self.assertEqual(self.app.server.trigger_batch(batch), {})
        for n in range(10):
            listener.expect_text(f"e{n}", channel, f"d{n}")
        answer = self.app.server.trigger_batch([{**batch[0], "info": "subscription_count"}, batch[1]])
        self.assertEqual(answer, {"batch": [{"subscription_count": 1}, {}]})

    def test_send_to_user(self):
        listener = Listener(self, self.app)
        signed = self.app.server.authenticate_user(listener.id, {"id": "u7", "user_info": {"name": "é"}})
        listener.send("pusher:signin", **signed)
        frame = listener.expect("pusher:signin_success")
        self.assertEqual(json.loads(frame["data"]), {"user_data": signed["user_data"]})
        listener.subscribe("#server-to-user-u7", auth="")
        self.app.server.send_to_user("u7", "greeting", {"hello": 1})
        listener.expect_text("greeting", "#server-to-user-u7", '{"hello": 1}')

    def test_what_is_refused(self):
        with self.assertRaisesRegex(PusherBadAuth, "Invalid signature: you should have sent HmacSHA256Hex"):
            self.app.client(secret="wrong").trigger("c", "e", "x")
        with self.assertRaises(PusherBadRequest):
            self.app.server.trigger("c", "pusher:e", "x")


class Asking(unittest.TestCase):
    def test_channels_and_users(self):
        app = App()
        listener = Listener(self, app)
        room, news = new_name("presence-"), new_name("cache-")
        joined = listener.subscribe(room, **app.server.authenticate(room, listener.id, {"user_id": "7", "user_info": {"name": "é"}}))
        self.assertEqual(joined, {"presence": {"ids": ["7"], "hash": {"7": {"name": "é"}}, "count": 1}})
        listener.subscribe(news)
        listener.expect("pusher:cache_miss", news)
        app.server.trigger(news, "e", "kept")
        listener.expect_text("e", news, "kept")

        server = app.server
        self.assertEqual(server.channels_info(), {"channels": {news: {}, room: {}}})
        self.assertEqual(server.channels_info("presence-", ["user_count"]), {"channels": {room: {"user_count": 1}}})
        asked = server.channel_info(room, ["user_count", "subscription_count"])
        self.assertEqual(asked, {"occupied": True, "user_count": 1, "subscription_count": 1})
        kept = until(lambda: server.channel_info(news, ["cache"])["cache"])  # written once it was delivered
        self.assertEqual(kept["data"], "kept")
        self.assertEqual(server.users_info(room), {"users": [{"id": "7"}]})


class Signing(unittest.TestCase):
    def test_private_channel(self):
        app = App()
        listener = Listener(self, app)
        channel = new_name("private-")
        listener.subscribe(channel, **app.server.authenticate(channel, listener.id))
        app.server.trigger(channel, "e", "x")
        listener.expect_text("e", channel, "x")

    def test_webhook(self):
        receiver = Receiver(self)
        app = App(webhooks=[{"url": receiver.url, "events": ["channel_occupied", "channel_vacated"]}])
        listener = Listener(self, app)
        channel = new_name()
        listener.subscribe(channel)
        for name in ("channel_occupied", "channel_vacated"):
            key, signature, body = receiver.next()
            webhook = app.server.validate_webhook(key, signature, body)
            self.assertEqual(webhook["events"], [{"name": name, "channel": channel}])
            self.assertIsNone(app.server.validate_webhook(key, signature, body + " "))
            listener.send("pusher:unsubscribe", channel=channel)


if __name__ == "__main__":
    main()
