"""Apps of the Channels protocol, and sockets that hear what their servers publish."""

import json
import queue
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pusher
import websocket

from edgestream import EDGE, new_id, put
from streams import PATIENCE


class App:
    """A new app; what it is given stands in its row."""

    def __init__(self, **row):
        self.id, self.key, self.secret = new_id(), secrets.token_hex(10), secrets.token_hex(10)
        put("Accounts", {"key": "app#" + self.id, "appKey": self.key, "secret": self.secret, "enabled": True, "clientEvents": True, **row})
        put("Accounts", {"key": "appkey#" + self.key, "app": self.id})
        self.server = self.client()

    def client(self, **options):
        edge = urlsplit(EDGE)
        known = {"app_id": self.id, "key": self.key, "secret": self.secret, "ssl": False, "host": edge.hostname, "port": edge.port}
        return pusher.Pusher(**{**known, "timeout": PATIENCE, **options})


def until(look):
    """Looks again and again until there is something."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := look():
            return found
    raise TimeoutError(f"waited {PATIENCE} s")


def new_name(prefix=""):
    """The name of a channel that nobody else has."""
    return prefix + "python-" + new_id()


class Listener:
    """A socket of the app."""

    def __init__(self, test, app):
        self.test, self.app = test, app
        self.socket = websocket.create_connection(EDGE.replace("http", "ws", 1) + "/app/" + app.key + "?protocol=7", timeout=PATIENCE)
        test.addCleanup(self.socket.close)
        self.id = json.loads(self.expect("pusher:connection_established")["data"])["socket_id"]

    def send(self, event, **data):
        self.socket.send(json.dumps({"event": event, "data": data}))

    def expect(self, event, channel=None):
        """The next frame, which must be of this event and channel."""
        frame = json.loads(self.socket.recv())
        self.test.assertEqual((frame["event"], frame.get("channel")), (event, channel), frame)
        return frame

    def expect_text(self, event, channel, text):
        self.test.assertEqual(self.expect(event, channel)["data"], text)

    def subscribe(self, channel, **signed):
        self.send("pusher:subscribe", channel=channel, **signed)
        return json.loads(self.expect("pusher_internal:subscription_succeeded", channel)["data"])


class Receiver:
    """A receiver of webhooks."""

    def __init__(self, test):
        posts = self.posts = queue.Queue()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                posts.put((self.headers, self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        test.addCleanup(server.server_close)
        test.addCleanup(server.shutdown)
        self.url = f"http://127.0.0.1:{server.server_port}/"

    def next(self):
        """The key, the signature and the body of the next post."""
        headers, body = self.posts.get(timeout=PATIENCE)
        return headers["X-Pusher-Key"], headers["X-Pusher-Signature"], body.decode()
