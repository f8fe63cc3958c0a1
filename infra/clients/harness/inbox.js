import { within } from "./wait.js";

// Inbox keeps what arrives until a test takes it, in order.
export class Inbox {
  #waiting = [];
  #taker;

  add(value) {
    if (this.#taker) {
      this.#taker(value);
      this.#taker = undefined;
    } else {
      this.#waiting.push(value);
    }
  }

  // take answers with the first value that was not yet taken, or waits for it.
  take(what = "a frame") {
    if (this.#waiting.length > 0) return Promise.resolve(this.#waiting.shift());
    return within(
      new Promise((resolve) => {
        this.#taker = resolve;
      }),
      () => what,
    );
  }

  // rest empties the inbox.
  rest() {
    return this.#waiting.splice(0);
  }
}
