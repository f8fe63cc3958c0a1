"""Mastodon.py on every stream that it knows, and with every event."""

import datetime
import json
import unittest

from mastodon import MastodonNetworkError, StreamListener

from edgestream import Account, delete, new_id, put
from streams import Stream, client, main

CREATED = datetime.datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=datetime.timezone.utc)


def status(members="", **attributes):
    id = new_id()
    payload = f'{{ "id":"{id}","visibility":"public","created_at":"2026-01-02T03:04:05.678Z","content":"<p>\\u00e9 日本 😀</p>\\n"{members}}}'
    return {"owner": "author" + id, "id": "status#" + id, "kind": "status", "payload": payload, **attributes}


def shown_id(item):
    return item["id"].split("#")[1]


class Streams(unittest.TestCase):
    def follow(self, stream, item):
        """Writes a status, edits and removes it, and compares what arrives."""
        id, edit = shown_id(item), {**item, "payload": item["payload"].replace("<p>", "<p>edited ")}
        for name, written in (("update", item), ("status.update", edit)):
            put("Content", written)
            event, text, got = stream.next()
            self.assertEqual((event, text), (name, written["payload"]))
            self.assertEqual(str(got.id), id)
            self.assertEqual(got.content, json.loads(written["payload"])["content"])
            if name == "update":
                self.assertEqual(got.created_at, CREATED)
        delete("Content", owner=item["owner"], id=item["id"])
        event, text, got = stream.next()
        self.assertEqual((event, text, str(got)), ("delete", id, id))

    def test_user(self):
        stream = Stream(self, "user")
        self.follow(stream, status(home=[stream.account.id]))

    def test_public(self):
        self.follow(Stream(self, "public"), status(',"account":{"id":"9","acct":"a@far.example"}'))

    def test_public_local(self):
        self.follow(Stream(self, "public", local=True), status())

    def test_local(self):
        self.follow(Stream(self, "local"), status())

    def test_public_remote(self):
        self.follow(Stream(self, "public", remote=True), status(',"account":{"id":"9","acct":"a@far.example"}'))

    def test_hashtag(self):
        self.follow(Stream(self, "hashtag", "Café_Кошки"), status(',"tags":[{"name":"cafe_кошки"}]'))

    def test_hashtag_local(self):
        self.follow(Stream(self, "hashtag", "日本語", local=True), status(',"tags":[{"name":"日本語"}]'))

    def test_list(self):
        account = Account()
        name = account.new_list()
        self.follow(Stream(self, "list", name, account=account), status(lists=[name]))


class Events(unittest.TestCase):
    def expect(self, stream, item, name, text=None):
        put("Content", item)
        event, got, value = stream.next()
        self.assertEqual((event, got), (name, text or item["payload"]))
        return value

    def test_notification_and_merge(self):
        stream = Stream(self, "user")
        id = stream.account.id
        payload = '{"id":"7","type":"mention","created_at":"2026-01-02T03:04:05.678Z","account":{"id":"2","acct":"bob"},"status":{"id":"8","content":"é"}}'
        got = self.expect(stream, {"owner": id, "id": "notification#7", "kind": "notification", "payload": payload}, "notification")
        self.assertEqual((str(got.id), got.type, got.created_at, got.account.acct, got.status.content), ("7", "mention", CREATED, "bob", "é"))
        got = self.expect(stream, {"owner": id, "id": "merge#1", "kind": "merge"}, "notifications_merged", "1")
        self.assertEqual(got, 1)

    def test_conversation(self):
        stream = Stream(self, "direct")
        payload = '{"id":"8","unread":true,"accounts":[{"id":"2","acct":"bob"}],"last_status":{"id":"9","content":"hi"}}'
        item = {"owner": stream.account.id, "id": "conversation#8", "kind": "conversation", "payload": payload}
        got = self.expect(stream, item, "conversation")
        self.assertEqual((str(got.id), got.unread, got.last_status.content), ("8", True, "hi"))

    def test_announcements(self):
        stream = Stream(self, "user")
        id = new_id()
        announcement = {"owner": "announcements", "id": "announcement#" + id, "kind": "announcement"}
        payload = f'{{"id":"{id}","content":"<p>x</p>","all_day":false,"read":false,"reactions":[]}}'
        self.assertEqual(self.expect(stream, {**announcement, "payload": payload}, "announcement").content, "<p>x</p>")
        payload = f'{{"name":"🎉","count":20,"announcement_id":"{id}"}}'
        reaction = {"owner": "announcements", "id": "reaction#" + id, "kind": "reaction", "payload": payload}
        self.assertEqual(self.expect(stream, reaction, "announcement.reaction").name, "🎉")
        delete("Content", owner="announcements", id="announcement#" + id)
        event, text, got = stream.next()
        self.assertEqual((event, text, str(got)), ("announcement.delete", id, id))

    def test_filters_changed(self):
        stream = Stream(self, "user")
        item = {"owner": stream.account.id, "id": "filter#1", "kind": "filter", "payload": "{}"}
        self.assertIsNone(self.expect(stream, item, "filters_changed", "null"))

    def test_events_that_it_does_not_know(self):
        stream = Stream(self, "user")
        item = {"owner": stream.account.id, "id": "broadcast#1", "kind": "broadcast", "event": "my.event"}
        item["topics"] = [{"stream": "user", "account": stream.account.id}]
        self.assertEqual(self.expect(stream, {**item, "payload": '{"a":[1]}'}, "my.event"), {"a": [1]})
        self.assertEqual(self.expect(stream, {**item, "id": "broadcast#2", "payload": '{\n"a":\r\n2}'}, "my.event", '{"a":2}'), {"a": 2})


class Connections(unittest.TestCase):
    def test_health(self):
        self.assertTrue(client(Account().token).stream_healthy())

    def test_a_wrong_token_raises(self):
        with self.assertRaisesRegex(MastodonNetworkError, "Unauthorized"):
            client("wrong").stream_user(StreamListener())

    def test_a_revoked_token_ends_the_stream(self):
        stream = Stream(self, "user")
        stream.account.revoke()
        stream.handle._thread.join(30)
        self.assertFalse(stream.handle.is_alive())
        self.assertEqual(stream.listener.aborted, [])

    def test_it_comes_back_when_it_is_cut(self):
        stream = Stream(self, "direct", reconnect=True)
        for n in range(3):
            payload = f'{{"id":"{n}"}}'
            put("Content", {"owner": stream.account.id, "id": f"conversation#{n}", "kind": "conversation", "payload": payload})
            self.assertEqual(stream.next()[1], payload)
            stream.cut()
            stream.wait()


if __name__ == "__main__":
    main()
