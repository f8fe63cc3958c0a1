// pusher-js, https://github.com/pusher/pusher-js, in its build for Node.
import assert from "node:assert/strict";
import Pusher from "pusher-js";
import { edge } from "./app.js";
import { Inbox } from "./inbox.js";
import { newID } from "./tables.js";
import { within } from "./wait.js";

const opened = new Set();

// options are those that lead any pusher-js to the edge.
export function options(app, { member, user, ...more } = {}) {
  return {
    cluster: "local",
    wsHost: edge.host,
    wsPort: edge.port,
    forceTLS: false,
    enabledTransports: ["ws"],
    enableStats: false,
    channelAuthorization: { endpoint: `${app.endpoint}/channel`, params: { member: JSON.stringify(member) } },
    userAuthentication: { endpoint: `${app.endpoint}/user`, params: { user: JSON.stringify(user) } },
    ...more,
  };
}

// open connects a client of the app. member is {user_id, user_info} on presence channels, user what
// it signs in as; the rest are options of the library.
export async function open(app, more) {
  const client = new Client(app, more);
  await client.connected();
  return client;
}

// closeClients disconnects what a test has left open. An error of which the test knows nothing fails it.
export function closeClients() {
  for (const client of opened) client.close();
  const errors = [...opened].flatMap((client) => client.errors.rest());
  opened.clear();
  assert.deepEqual(errors, [], "errors that the library was told of");
}

// names are names of channels that nobody else has.
export function name(prefix = "") {
  return `${prefix}test-${newID()}`;
}

export class Client {
  // messages are all that came in, as the library understands it; errors what it was told of; states
  // those of the connection, after the first, connecting.
  messages = new Inbox();
  errors = new Inbox();
  states = [];

  constructor(app, more) {
    this.app = app;
    this.pusher = new Pusher(app.key, options(app, more));
    const { connection } = this.pusher;
    connection.bind("message", (message) => this.messages.add(message));
    connection.bind("error", (error) => this.errors.add(error));
    connection.bind("state_change", ({ current }) => this.states.push(current));
    opened.add(this);
  }

  get socketID() {
    return this.pusher.connection.socket_id;
  }

  connected() {
    return this.state("connected");
  }

  // state waits until the connection's state is this.
  state(wanted) {
    const { connection } = this.pusher;
    if (connection.state === wanted) return undefined;
    return within(new Promise((resolve) => connection.bind(wanted, resolve)), () => `${wanted}, and not ${connection.state}`);
  }

  // subscribe waits until the channel is subscribed to.
  async subscribe(name) {
    const channel = this.channel(name);
    await channel.subscribed();
    return channel;
  }

  // channel subscribes to the channel without waiting for it.
  channel(name) {
    return new Channel(this.pusher.subscribe(name));
  }

  // signIn waits until the client is signed in, and its own channel is subscribed to.
  async signIn() {
    this.pusher.signin();
    await within(this.pusher.user.signinDonePromise, () => "the sign-in");
    const own = new Channel(this.pusher.user.serverToUserChannel);
    await own.subscribed();
    return own;
  }

  // message takes messages until there is one of the event.
  async message(event) {
    for (;;) {
      const message = await this.messages.take(event);
      if (message.event === event) return message;
    }
  }

  close() {
    this.pusher.disconnect();
  }
}

export class Channel {
  // events are all that were emitted on the channel, but what became of the subscription itself.
  events = new Inbox();
  #outcome;

  constructor(channel) {
    this.channel = channel;
    this.name = channel.name;
    this.#outcome = new Promise((resolve) => {
      channel.bind("pusher:subscription_succeeded", (data) => resolve({ data }));
      channel.bind("pusher:subscription_error", (error) => resolve({ error }));
    });
    channel.bind_global((event, data) => /^pusher:subscription_(succ|err)/.test(event) || this.events.add({ event, data }));
  }

  // subscribed is what the library was told when the subscription succeeded.
  async subscribed() {
    if (this.channel.subscribed) return undefined;
    const { data, error } = await this.outcome();
    assert.equal(error, undefined, `the subscription to ${this.name}`);
    return data;
  }

  // refused is what the library was told when the subscription was refused.
  async refused() {
    const { error } = await this.outcome();
    assert.ok(error, `the subscription to ${this.name} was not refused`);
    return error;
  }

  outcome() {
    return within(this.#outcome, () => `the subscription to ${this.name}`);
  }

  next(what) {
    return this.events.take(`${what ?? "an event"} on ${this.name}`);
  }

  // expect compares the next events with these: [event, data].
  async expect(...events) {
    for (const [event, data] of events) assert.deepEqual(await this.next(event), { event, data });
  }

  // silent makes sure that nothing but the given events came before a marker that is published now.
  async silent(app) {
    await app.server.trigger(this.name, "marker", "here");
    await this.expect(["marker", "here"]);
  }

  // members are the ids of those who are there.
  members() {
    return Object.keys(this.channel.members.members).sort();
  }
}
