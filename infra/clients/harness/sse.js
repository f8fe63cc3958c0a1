// A plain client of server-sent events for tests: what comes is kept byte for byte.
import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { edgeURL } from "./edgestream.js";
import { Inbox } from "./inbox.js";
import { removeToken } from "./tables.js";
import { within } from "./wait.js";

const root = "/api/v1/streaming";
const opened = new Set();

// listen opens a stream of the account, such as "user/notification", and waits for its first line:
// what is published from now on arrives.
export async function listen(account, path, { query = {}, headers = {} } = {}) {
  const response = await ask(path, { query, headers: { Authorization: `Bearer ${account.token}`, ...headers } });
  assert.equal(response.statusCode, 200, `the stream ${path}`);
  const stream = new EventStream(response, account);
  opened.add(stream);
  await stream.begun;
  return stream;
}

// answer is what a request is answered that gets no stream.
export async function answer(path, options) {
  const response = await ask(path, options);
  let body = "";
  for await (const piece of response.setEncoding("utf8")) body += piece;
  return { status: response.statusCode, headers: response.headers, body };
}

// ask sends a request and answers with the response's head. A path that begins with / stands for
// itself.
export async function ask(path, { method = "GET", query = {}, headers = {} } = {}) {
  const search = new URLSearchParams(query).toString();
  const to = `${path.startsWith("/") ? path : `${root}/${path}`}${search && `?${search}`}`;
  const { hostname, port } = new URL(edgeURL);
  const asked = request({ hostname, port, path: to, method, headers, agent: false });
  asked.end();
  const [response] = await within(once(asked, "response"), () => `an answer to ${method} ${path}`);
  return response;
}

// endAll ends what a test has left open. Lambda does not tell a function that its client has gone,
// but a response whose token is removed ends at once.
export async function endAll() {
  const left = [...opened];
  opened.clear();
  for (const stream of left) stream.close();
  await Promise.all([...new Set(left.map(({ account }) => account))].map(({ token }) => removeToken(token)));
}

class EventStream {
  // comments are the lines that are no part of an event, after the first.
  comments = [];
  #events = new Inbox();
  #lines = [];
  #rest = "";
  #begin;

  constructor(response, account) {
    this.headers = response.headers;
    this.account = account;
    this.response = response;
    this.closed = once(response, "close");
    this.begun = within(new Promise((resolve) => (this.#begin = resolve)), () => "the first line");
    response.setEncoding("utf8").on("data", (piece) => this.#add(piece));
    response.on("error", () => {}); // a response that is cut says close, too
  }

  #add(piece) {
    const lines = (this.#rest + piece).split("\n");
    this.#rest = lines.pop();
    for (const line of lines) this.#line(line);
  }

  #line(line) {
    if (this.#begin) {
      assert.equal(line, ":)");
      this.#begin();
      this.#begin = undefined;
    } else if (line.startsWith(":")) {
      this.comments.push(line);
    } else if (line === "") {
      this.#events.add(this.#lines.splice(0).join("\n"));
    } else {
      this.#lines.push(line);
    }
  }

  // next is the text of the next event, without the empty line at its end.
  next(what = "an event") {
    return this.#events.take(what);
  }

  // expect compares the next event, byte for byte, and answers with its id. data is the payload,
  // or the payload's lines.
  async expect(event, ...data) {
    const text = await this.next(`${event} ${data[0]?.slice(0, 200)}`);
    const [fields, id] = text.split("\nid: ");
    assert.equal(fields.replace(/^retry: 1000\n/, ""), [`event: ${event}`, ...data.map((line) => `data: ${line}`)].join("\n"));
    assert.match(id, /^[\w-]+$/);
    return id;
  }

  // ended waits until the server has ended the response, and answers with what was not yet taken.
  async ended() {
    await within(this.closed, () => "the stream's end");
    assert.ok(this.response.complete, "the response was cut");
    return this.#events.rest();
  }

  close() {
    this.response.destroy();
  }
}
