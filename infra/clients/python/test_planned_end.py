"""Mastodon.py keeps no ids. Where a response ends as planned, the next one goes on all the same.

It takes the half minute that a response lasts here, and a heartbeat."""

import time
import unittest

from edgestream import put
from streams import Stream, main


class PlannedEnd(unittest.TestCase):
    def test_it_loses_nothing(self):
        stream = Stream(self, "direct", reconnect=True)
        said, left = 0, 5
        while left > 0:
            said += 1
            payload = f'{{"id":"{said}"}}'
            put("Content", {"owner": stream.account.id, "id": f"conversation#{said}", "kind": "conversation", "payload": payload})
            left -= not stream.listener.begun.empty()
            self.assertLess(said, 900, "the response does not end")
            time.sleep(0.2)  # events on their way at every moment, the end's too
        self.assertEqual([int(stream.next()[2].id) for _ in range(said)], list(range(1, said + 1)))
        self.assertEqual(stream.listener.begun.qsize(), 1)
        self.assertGreaterEqual(stream.listener.thumps, 1)
        self.assertEqual(stream.listener.aborted, [])


if __name__ == "__main__":
    main()
