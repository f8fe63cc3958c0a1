// masto.js, https://github.com/neet/masto.js: version 7.12.0, the newest for Node 20, and 8.0.0,
// which asks Node 22 for two names.
import assert from "node:assert/strict";
import WebSocket from "ws";
import { connectionOf, ended, socketURL } from "./edgestream.js";
import { Inbox } from "./inbox.js";
import { newAccount } from "./tables.js";
import { until, within } from "./wait.js";

Promise.withResolvers ??= function withResolvers() {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
};
globalThis.WebSocket ??= WebSocket;

// versions are the libraries by their version.
export const versions = { "7.12.0": await import("masto"), "8.0.0": await import("masto-8") };

// open is a client with an account of its own, connected. The library waits a second before it
// connects: tests open their clients while they are declared, so that all wait together.
export function open(library, options) {
  const opening = prepare(library, options);
  opening.catch(() => {}); // the test that waits for it throws it
  return opening;
}

async function prepare(library, options) {
  const reader = await newAccount();
  const masto = new Masto(library, reader.token, options);
  try {
    await within(masto.streams.prepare(), () => "the socket of masto.js");
  } catch (error) {
    masto.close();
    throw error;
  }
  return { reader, masto };
}

// Masto is one client of the library, with a tap on its socket.
export class Masto {
  // frames are the texts that came in, of all sockets one after the other.
  frames = new Inbox();
  sockets = [];

  constructor(library, accessToken, options = {}) {
    const { frames, sockets } = this;
    const implementation = class extends WebSocket {
      sent = [];

      constructor(...parameters) {
        super(...parameters);
        sockets.push(this);
        this.on("message", (data, binary) => frames.add(binary ? data : data.toString()));
      }

      send(text, ...rest) {
        this.sent.push(text);
        super.send(text, ...rest);
      }
    };
    this.streams = library.createStreamingAPIClient({
      streamingApiUrl: socketURL,
      accessToken,
      implementation,
      ...options,
    });
  }

  // listen iterates over a subscription. The library subscribes at the first event that it is
  // asked for: that has been done, and the message sent, when listen returns.
  async listen(subscription) {
    const sent = this.sent().length;
    const listener = new Listener(subscription);
    await until(() => this.sent().length > sent, "the subscription");
    return listener;
  }

  // subscribe listens, and waits until the server has taken the subscription.
  async subscribe(subscription) {
    const listener = await this.listen(subscription);
    await this.ended("subscribe");
    return listener;
  }

  // unsubscribe ends a subscription, and waits until the server has, too.
  async unsubscribe(listener) {
    listener.subscription.unsubscribe();
    await this.ended("unsubscribe");
  }

  // ended waits until all messages of a type have been handled that the last socket has sent.
  async ended(type) {
    const sent = this.sockets.at(-1).sent.filter((text) => JSON.parse(text).type === type);
    return ended(await this.connection(), type, sent.length);
  }

  // connection is the id of the last socket's connection.
  connection() {
    const socket = this.sockets.at(-1);
    return (socket.identified ??= connectionOf((text) => WebSocket.prototype.send.call(socket, text)));
  }

  // sent lists the messages that the library has sent.
  sent() {
    return this.sockets.flatMap((socket) => socket.sent);
  }

  // expect takes the next frame and the event that the library made of it.
  async expect(listener, stream, event, payload) {
    assert.equal(await this.frames.take(`${event} on ${stream}`), JSON.stringify({ stream, event, payload }));
    assert.deepEqual(await listener.next(event), { stream, event, payload: parsed(event, payload) });
  }

  close() {
    this.streams.close();
  }
}

// parsed is a payload as masto.js hands it on: all but that of delete is JSON, with keys in
// camel case.
export function parsed(event, payload) {
  if (event === "delete" || payload === undefined) return payload;
  return camel(JSON.parse(payload));
}

function camel(value) {
  if (Array.isArray(value)) return value.map(camel);
  if (value === null || typeof value !== "object") return value;
  const name = (key) => key.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [name(key), camel(member)]));
}

// Listener asks for one event ahead, as a loop over the subscription does.
class Listener {
  #values;
  #ahead;

  constructor(subscription) {
    this.subscription = subscription;
    this.#values = subscription.values();
    this.#ask();
  }

  // next is the next event, and throws what the library throws.
  async next(what = "an event") {
    const { value } = await within(this.#ahead, () => `${what} from masto.js`);
    this.#ask();
    return value;
  }

  #ask() {
    this.#ahead = this.#values.next();
    this.#ahead.catch(() => {}); // next throws it
  }
}
