"""The running Edgestream, for tests of libraries of Python: its tables, and an instance that names it."""

import hashlib
import json
import os
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

EDGE = os.environ["EDGE_URL"]
DYNAMODB = os.environ["DYNAMODB_URL"]

_last_id = time.time_ns()


def new_id():
    """An id as Mastodon's are."""
    global _last_id
    _last_id += 1
    return str(_last_id)


def put(table, item):
    """Writes an item given in plain values."""
    _call("PutItem", {"TableName": table, "Item": _members(item)})


def delete(table, **key):
    _call("DeleteItem", {"TableName": table, "Key": _members(key)})


def _call(operation, body):
    # The engine wants the form of a signature and checks no more.
    signature = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0"
    headers = {"X-Amz-Target": "DynamoDB_20120810." + operation, "Authorization": signature}
    requests.post(DYNAMODB, data=json.dumps(body), headers=headers, timeout=30).raise_for_status()


def _members(plain):
    return {name: _attribute(value) for name, value in plain.items()}


def _attribute(value):
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, (list, tuple)):
        return {"L": [_attribute(element) for element in value]}
    return {"M": _members(value)}


class Account:
    """A new account with a token of its own."""

    def __init__(self):
        self.id, self.token = new_id(), secrets.token_hex()
        self._key = "token#" + hashlib.sha256(self.token.encode()).hexdigest()
        put("Accounts", {"key": self._key, "account": self.id, "scopes": ["read"]})

    def revoke(self):
        delete("Accounts", key=self._key)

    def new_list(self):
        name = new_id()
        put("Accounts", {"key": "list#" + name, "account": self.id})
        return name


class _Instance(BaseHTTPRequestHandler):
    """What of a Mastodon server Mastodon.py asks for before it streams."""

    def do_GET(self):
        streaming = EDGE.replace("http://", "ws://")
        documents = {
            "/api/v1/instance/": {"version": "4.5.0", "urls": {"streaming_api": streaming}},
            "/api/v2/instance/": {"version": "4.5.0", "configuration": {"urls": {"streaming": streaming}}},
        }
        document = documents.get(self.path)
        body = json.dumps(document or {"error": "Record not found"}).encode()
        self.send_response(200 if document else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def instance():
    """The URL of a server whose streams are at the edge."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Instance)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"
