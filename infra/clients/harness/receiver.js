// A receiver of webhooks.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { Inbox } from "./inbox.js";

export class Receiver {
  // posts are {headers, rawBody} as `pusher` wants them, events those of all posts.
  posts = [];
  #events = new Inbox();
  #statuses = [];

  static async start() {
    const receiver = new Receiver();
    const server = createServer((request, response) => receiver.#receive(request, response)).listen(0, "127.0.0.1");
    server.unref();
    await once(server, "listening");
    receiver.url = `http://127.0.0.1:${server.address().port}/hooks?x=1`;
    return receiver;
  }

  // answer has the next posts answered so; all others are answered with 200.
  answer(...statuses) {
    this.#statuses.push(...statuses);
  }

  async #receive(request, response) {
    let rawBody = "";
    for await (const piece of request.setEncoding("utf8")) rawBody += piece;
    const status = this.#statuses.shift() ?? 200;
    this.posts.push({ headers: request.headers, rawBody, status });
    response.writeHead(status).end();
    if (status === 200) for (const event of JSON.parse(rawBody).events) this.#events.add(event);
  }

  // expect compares the next events.
  async expect(...events) {
    for (const event of events) assert.deepEqual(await this.#events.take(`the webhook ${event.name}`), event);
  }

  next(what) {
    return this.#events.take(what);
  }
}
