// The npm package eventsource, which reads streams as browsers do, and can send Authorization.
// masto.js has no server-sent events.
import { EventSource } from "eventsource";
import { edgeURL } from "./edgestream.js";
import { Inbox } from "./inbox.js";
import { removeToken } from "./tables.js";
import { within } from "./wait.js";

const events = [
  ...["update", "status.update", "delete", "notification", "notifications_merged", "conversation", "filters_changed"],
  ...["announcement", "announcement.reaction", "announcement.delete", "edgestream.gap", "edgestream.position"],
];

// Source is an EventSource of an account that keeps what arrives, and what it has asked with.
export class Source {
  got = new Inbox();
  // asked are the values of Last-Event-ID, one for each request: null where it was not sent.
  asked = [];
  #opened = 0;
  #wake = () => {};

  constructor(account, path, base = edgeURL) {
    this.account = account;
    this.source = new EventSource(`${base}/api/v1/streaming/${path}`, {
      fetch: (url, init) => {
        const headers = { ...init.headers, Authorization: `Bearer ${account.token}` };
        this.asked.push(headers["Last-Event-ID"] ?? null);
        return fetch(url, { ...init, headers });
      },
    });
    this.source.addEventListener("open", () => (this.#opened++, this.#wake()));
    this.source.addEventListener("error", ({ code }) => ((this.code = code), this.#wake()));
    for (const event of events) {
      this.source.addEventListener(event, ({ data, lastEventId }) => this.got.add({ event, data, id: lastEventId }));
    }
  }

  // opened waits until n responses have begun.
  opened(n = 1) {
    return this.#until(() => this.#opened >= n, `response ${n}`);
  }

  // refused waits until the library has given up, and answers with the status that made it so.
  async refused() {
    await this.#until(() => this.source.readyState === this.source.CLOSED, "the refusal");
    return this.code;
  }

  #until(holds, what) {
    const done = new Promise((resolve) => {
      this.#wake = () => holds() && resolve();
      this.#wake();
    });
    return within(done, () => what);
  }

  async end() {
    this.source.close();
    await removeToken(this.account.token);
  }
}
