// Laravel Echo, https://github.com/laravel/echo, with its broadcaster "pusher".
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import Echo from "laravel-echo";
import Pusher from "pusher-js";
import { newApp } from "../harness/app.js";
import { name, options } from "../harness/channels.js";
import { Inbox } from "../harness/inbox.js";
import { within } from "../harness/wait.js";

const app = await newApp();
const opened = new Set();

afterEach(() => {
  for (const echo of opened) echo.disconnect();
  opened.clear();
});

const member = (id) => ({ member: { user_id: id, user_info: { id, name: `member ${id}` } } });

function echo(more) {
  const one = new Echo({ broadcaster: "pusher", key: app.key, Pusher, namespace: "App.Events", ...options(app, more) });
  opened.add(one);
  return one;
}

function subscribed(channel) {
  return within(new Promise((resolve, reject) => channel.subscribed(resolve).error(reject)), () => `the subscription to ${channel.name}`);
}

// heard collects what a callback is called with first.
function heard(listen) {
  const inbox = new Inbox();
  listen((value) => inbox.add(value));
  return inbox;
}

for (const [kind, prefix] of [["channel", ""], ["private", "private-"], ["encryptedPrivate", "private-encrypted-"]]) {
  test(`${kind}: it listens, by class and by name, until it leaves`, async () => {
    const client = echo();
    const bare = name();
    const channel = client[kind](bare);
    const shipped = heard((take) => channel.listen("OrderShipped", take));
    const named = heard((take) => channel.listen(".order.shipped", take));
    await subscribed(channel);
    await app.server.trigger(prefix + bare, "App\\Events\\OrderShipped", { order: 1 });
    await app.server.trigger(prefix + bare, "order.shipped", { order: 2 });
    assert.deepEqual(await shipped.take("the class"), { order: 1 });
    assert.deepEqual(await named.take("the name"), { order: 2 });
    client.leave(bare);
  });
}

test("a notification reaches its private channel", async () => {
  const client = echo();
  const bare = name("App.Models.User.");
  const channel = client.private(bare);
  const notified = heard((take) => channel.notification(take));
  await subscribed(channel);
  const data = { id: "9", type: "App\\Notifications\\InvoicePaid", amount: 10 };
  await app.server.trigger(`private-${bare}`, "Illuminate\\Notifications\\Events\\BroadcastNotificationCreated", data);
  assert.deepEqual(await notified.take("the notification"), data);
});

test("a presence channel: here, joining, whispers and leaving", async () => {
  const [one, two] = [echo(member("1")), echo(member("2"))];
  const room = name();
  const first = one.join(room);
  const [here, joining, leaving] = ["here", "joining", "leaving"].map((what) => heard((take) => first[what](take)));
  const typing = heard((take) => first.listenForWhisper("typing", take));
  assert.deepEqual(await here.take("here"), [{ id: "1", name: "member 1" }]);
  const second = two.join(room);
  const others = heard((take) => second.here(take));
  assert.deepEqual(await others.take("here"), [
    { id: "1", name: "member 1" },
    { id: "2", name: "member 2" },
  ]);
  assert.deepEqual(await joining.take("joining"), { id: "2", name: "member 2" });
  second.whisper("typing", { name: "Two" });
  assert.deepEqual(await typing.take("the whisper"), { name: "Two" });
  two.leave(room);
  assert.deepEqual(await leaving.take("leaving"), { id: "2", name: "member 2" });
});

test("an event that is broadcast to others leaves out the socket that Echo names", async () => {
  const [one, two] = [echo(), echo()];
  const bare = name();
  const channels = [one, two].map((client) => client.private(bare));
  const events = channels.map((channel) => heard((take) => channel.listenToAll((...both) => take(both))));
  await Promise.all(channels.map(subscribed));
  await app.server.trigger(`private-${bare}`, "said", 1, { socket_id: one.socketId() });
  await app.server.trigger(`private-${bare}`, "said", 2);
  assert.deepEqual(await events[0].take("the second"), [".said", 2]);
  assert.deepEqual(await events[1].take("the first"), [".said", 1]);
});

test("a channel that is refused says so", async () => {
  const client = echo();
  const refused = new Promise((resolve) => client.private(`${name()}-forbidden`).error(resolve));
  assert.equal((await within(refused, () => "the refusal")).status, 403);
});
