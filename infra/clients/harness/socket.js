// A plain WebSocket client for tests.
import assert from "node:assert/strict";
import WebSocket from "ws";
import { connectionOf, ended, socketURL } from "./edgestream.js";
import { broadcast } from "./entities.js";
import { Inbox } from "./inbox.js";
import { putContent } from "./tables.js";
import { within } from "./wait.js";

const path = "/api/v1/streaming";
const opened = new Set();

// connect opens a socket. What it is given stands where a client may put it: path, the query as
// pairs, the headers, the subprotocols. A refused upgrade throws a Refused.
export async function connect({ to = path, query = {}, headers = {}, protocols = [] } = {}) {
  const search = new URLSearchParams(query).toString();
  const ws = new WebSocket(`${socketURL}${to}${search && `?${search}`}`, protocols, { headers });
  const socket = new Socket(ws);
  await within(socket.opened, () => "the upgrade");
  opened.add(socket);
  return socket;
}

// connectAs opens a socket with the account's token.
export function connectAs(account, query = {}) {
  return connect({ query: { access_token: account.token, ...query } });
}

// closeAll closes what a test has left open.
export async function closeAll() {
  await Promise.all([...opened].map((socket) => socket.close()));
  opened.clear();
}

// refusal is the status with which an upgrade is refused.
export async function refusal(options) {
  const error = await connect(options).then(
    () => assert.fail("the upgrade was not refused"),
    (error) => error,
  );
  if (!(error instanceof Refused)) throw error;
  return error.status;
}

class Refused extends Error {
  constructor(status) {
    super(`the upgrade was refused with ${status}`);
    this.status = status;
  }
}

class Socket {
  subscribed = 0;
  #inbox = new Inbox();

  constructor(ws) {
    this.ws = ws;
    this.closed = new Promise((resolve) => ws.on("close", (code) => resolve(code)));
    this.opened = new Promise((resolve, reject) => {
      ws.on("open", resolve);
      ws.on("error", reject);
      ws.on("unexpected-response", (request, response) => {
        reject(new Refused(response.statusCode));
        request.destroy();
      });
    });
    ws.on("message", (data, binary) => this.#inbox.add(binary ? data : data.toString()));
  }

  get protocol() {
    return this.ws.protocol;
  }

  // send sends a text as it is, and anything else as JSON.
  send(message) {
    this.ws.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  // connection is the id of the socket's connection.
  connection() {
    return (this.identified ??= connectionOf((text) => this.ws.send(text)));
  }

  // ended waits until n of the socket's messages of a type have been handled.
  async ended(type, n = 1) {
    await ended(await this.connection(), type, n);
  }

  // subscribe sends subscriptions and waits until they have been handled.
  async subscribe(...streams) {
    for (const stream of streams) this.send({ type: "subscribe", ...stream });
    await this.ended("subscribe", (this.subscribed += streams.length));
  }

  // next is the text of the next frame.
  next(what) {
    return this.#inbox.take(what);
  }

  // expect compares the next frames with these, byte for byte.
  async expect(...frames) {
    for (const frame of frames) assert.equal(await this.next(frame.slice(0, 200)), frame);
  }

  // expectNoMore makes sure that nothing was sent before an answer that is asked for now.
  async expectNoMore() {
    this.send({ type: "unsubscribe", stream: "marker" });
    await this.expect('{"error":"Error unsubscribing from channel"}');
  }

  // until takes frames until the owner's changes so far have been delivered. The account must
  // be the socket's, and subscribed to user: a marker is broadcast there.
  async until(owner, account) {
    const marker = broadcast(owner, "marker", "0", { stream: "user", account: account.id });
    await putContent(marker);
    const frames = [];
    for (;;) {
      const text = await this.next("the marker");
      if (text === frame(["user"], "marker", "0")) return frames;
      frames.push(text);
    }
  }

  code() {
    return within(this.closed, () => "the close");
  }

  close() {
    this.ws.close();
    return this.code();
  }
}

// frame is an event as it goes over the wire.
export function frame(stream, event, payload) {
  return JSON.stringify({ stream, event, payload });
}
