"""Streams of Mastodon.py, listened to in a thread as programs do it, and a count of tests at the end."""

import queue
import socket
import sys
import threading
import unittest

from mastodon import Mastodon, StreamListener

from edgestream import Account, instance

# How long anything may take: far more than it does on a busy machine.
PATIENCE = 30

_INSTANCE = instance()


def client(token):
    return Mastodon(access_token=token, api_base_url=_INSTANCE, version_check_mode="changed", mastodon_version="4.5.0")


class Listener(StreamListener):
    """Keeps what arrives: the name, the text of the payload, and what the library makes of it."""

    def __init__(self):
        self.events = queue.Queue()
        self.begun = queue.Queue()
        self.thumps = 0
        self.aborted = []

    def handle_stream(self, response):
        self._fresh = True
        super().handle_stream(response)

    def handle_heartbeat(self):
        if self._fresh:  # the line with which a response begins
            self._fresh = False
            self.begun.put(None)
        else:
            self.thumps += 1

    def _dispatch(self, event):
        self._text = event.get("data")
        super()._dispatch(event)

    def on_any_event(self, name, data=None):
        self._keep(name, data)

    def on_unknown_event(self, name, unknown_event=None):
        self._keep(name, unknown_event)

    def on_abort(self, err):
        self.aborted.append(err)

    def _keep(self, name, data):
        self.events.put((name, self._text, data))


class Stream:
    """A stream of a new account. A response is ended by the end of its token."""

    def __init__(self, test, name, *args, account=None, reconnect=False, **options):
        self.account = account or Account()
        self.listener = Listener()
        open_stream = getattr(client(self.account.token), "stream_" + name)
        self.handle = open_stream(
            *args, listener=self.listener, run_async=True, reconnect_async=reconnect, reconnect_async_wait_sec=0.5, **options
        )
        test.addCleanup(self.end)
        self.wait()

    def wait(self):
        """Waits until the next response has begun."""
        self.listener.begun.get(timeout=PATIENCE)

    def next(self):
        return self.listener.events.get(timeout=PATIENCE)

    def cut(self):
        """Ends the connection without a word."""
        self.handle.connection.raw.connection.sock.shutdown(socket.SHUT_RDWR)

    def end(self):
        self.handle.closed = True
        self.account.revoke()
        self.handle._thread.join(PATIENCE)
        assert not self.handle.is_alive(), "the stream goes on"


class _Result(unittest.TextTestResult):
    def startTest(self, test):
        super().startTest(test)
        threading.excepthook = lambda fault: self.addError(test, (fault.exc_type, fault.exc_value, fault.exc_traceback))


def main():
    """Runs the tests of the program."""
    program = unittest.main(exit=False, verbosity=2, testRunner=unittest.TextTestRunner(sys.stdout, resultclass=_Result, verbosity=2))
    result = program.result
    failed, skipped = len({str(test) for test, _ in result.failures + result.errors}), len(result.skipped)
    print(f"{result.testsRun - failed - skipped} passed, {failed} failed, {skipped} skipped")
    sys.exit(not result.wasSuccessful())
