// What is refused, and what clients are told, on plain sockets.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { afterEach, test } from "node:test";
import { newApp } from "../harness/app.js";
import { authOf, frameOf, openSocket } from "../harness/channelsocket.js";
import { name } from "../harness/channels.js";
import { closeAll, connect } from "../harness/socket.js";

const app = await newApp();
const other = await newApp({ clientEvents: false });
const disabled = await newApp({ enabled: false });

afterEach(closeAll);

const failed = (code, message) => JSON.stringify({ event: "pusher:error", data: { code, message } });

// Each: the path, the query, and the code.
const rejected = {
  "an app key that nobody has": ["/app/nobody", { protocol: 7 }, 4001],
  "an app that is disabled": [`/app/${disabled.key}`, { protocol: 7 }, 4003],
  "a protocol that is not spoken": [`/app/${app.key}`, { protocol: 99 }, 4007],
  "a protocol that is no number": [`/app/${app.key}`, { protocol: "x" }, 4006],
};

for (const [what, [to, query, code]] of Object.entries(rejected)) {
  test(`${what}: the first frame says so, and the socket is closed`, async () => {
    const socket = await connect({ to, query });
    const { event, data } = JSON.parse(await socket.next("the error"));
    assert.deepEqual([event, data.code], ["pusher:error", code]);
    if (code === 4001) assert.equal(data.message, "App key nobody not in this cluster. Did you forget to specify the cluster?");
    assert.equal(await socket.code(), 1000);
  });
}

const types = ["private-", "presence-", "private-encrypted-", "private-cache-", "presence-cache-", "private-encrypted-cache-"];
const member = { user_id: "1", user_info: { name: "A" } };

// Each: what is sent in place of the signature that fits.
const forgeries = {
  nothing: () => ({}),
  "an empty text": () => ({ auth: "" }),
  "another app's signature": (socket, channel) => authOf(other, socket.id, channel, member),
  "another socket's": (socket, channel) => authOf(app, "1.1", channel, member),
  "another channel's": (socket, channel) => authOf(app, socket.id, `${channel}x`, member),
  "one in upper case": (socket, channel) => upper(authOf(app, socket.id, channel, member)),
  "one that is cut": (socket, channel) => cut(authOf(app, socket.id, channel, member)),
  "one with another app's key": (socket, channel) => ({ ...authOf(app, socket.id, channel, member), auth: `${other.key}:${signed(socket, channel)}` }),
  "one without its key": (socket, channel) => ({ auth: signed(socket, channel) }),
  "one with changed channel_data": (socket, channel) => ({ ...authOf(app, socket.id, channel, member), channel_data: '{"user_id":"2"}' }),
};

function upper({ auth, channel_data }) {
  return { auth: `${app.key}:${auth.split(":")[1].toUpperCase()}`, channel_data };
}

function cut({ auth, channel_data }) {
  return { auth: auth.slice(0, -1), channel_data };
}

function signed(socket, channel) {
  return authOf(app, socket.id, channel, member).auth.split(":")[1];
}

for (const type of types) {
  test(`${type}: a wrong signature ends in subscription_error, and a right one still subscribes`, async () => {
    const socket = await openSocket(app);
    const channel = name(type);
    for (const [what, forge] of Object.entries(forgeries)) {
      socket.subscribe(channel, member, forge(socket, channel));
      const { event, channel: about, data } = JSON.parse(await socket.next(what));
      assert.deepEqual([event, about, data.type, data.status], ["pusher:subscription_error", channel, "AuthError", 401], what);
    }
    socket.subscribe(channel, type.startsWith("presence-") ? member : undefined);
    assert.equal(JSON.parse(await socket.next("the subscription")).event, "pusher_internal:subscription_succeeded");
  });
}

test("the text of a wrong signature names what was to be signed", async () => {
  const socket = await openSocket(app);
  const channel = name("private-");
  const auth = `${app.key}:${"0".repeat(64)}`;
  socket.subscribe(channel, undefined, { auth });
  const text = `Invalid signature: Expected HMAC SHA256 hex digest of ${socket.id}:${channel}, but got ${"0".repeat(64)}`;
  await socket.expect(JSON.stringify({ event: "pusher:subscription_error", channel, data: { type: "AuthError", error: text, status: 401 } }));
});

// Each: channel_data that is signed, and is nobody.
const nobodies = ["", "no JSON", "[]", "{}", '{"user_id":""}', '{"user_id":null}', `{"user_id":"${"x".repeat(129)}"}`, `{"user_id":"1","user_info":"${"x".repeat(10_240)}"}`];

test("a presence channel wants a member", async () => {
  const socket = await openSocket(app);
  const channel = name("presence-");
  for (const channel_data of nobodies) {
    const signature = createHmac("sha256", app.secret).update(`${socket.id}:${channel}:${channel_data}`).digest("hex");
    socket.subscribe(channel, undefined, { auth: `${app.key}:${signature}`, channel_data });
    const { event, data } = JSON.parse(await socket.next(channel_data.slice(0, 40)));
    assert.equal(event, "pusher:subscription_error", channel_data.slice(0, 40));
    assert.ok(data.status >= 400 && data.status < 500);
  }
});

test("names of channels have 164 characters of their own", async () => {
  const socket = await openSocket(app);
  const longest = "c".repeat(164);
  socket.subscribe(longest);
  await socket.expect(frameOf("pusher_internal:subscription_succeeded", longest, "{}"));
  for (const wrong of [`${longest}c`, "a b", "é", "a/b", "#a", "#server-to-user-1", "a:b"]) {
    socket.subscribe(wrong, undefined, { auth: "" });
    const { event, channel, data } = JSON.parse(await socket.next(wrong.slice(0, 40)));
    assert.equal(event, "pusher:subscription_error", wrong.slice(0, 40));
    assert.equal(channel, wrong);
    assert.ok(data.status === 400 || wrong === "#server-to-user-1");
  }
});

test("a channel that is subscribed to already is said to be", async () => {
  const socket = await openSocket(app);
  for (const channel of [name(), name("private-"), name("presence-"), name("cache-")]) {
    socket.subscribe(channel, channel.startsWith("presence-") ? member : undefined);
    assert.equal(JSON.parse(await socket.next("the subscription")).event, "pusher_internal:subscription_succeeded");
    if (channel.startsWith("cache-")) assert.equal(JSON.parse(await socket.next("the miss")).event, "pusher:cache_miss");
    socket.subscribe(channel, channel.startsWith("presence-") ? member : undefined);
    await socket.expect(failed(null, `Existing subscription to channel ${channel}`));
  }
});

test("client events are for private and presence channels that one is subscribed to", async () => {
  const socket = await openSocket(app);
  const open = name();
  socket.subscribe(open);
  await socket.next("the subscription");
  socket.send({ event: "client-x", channel: open, data: {} });
  await socket.expect(failed(null, "Client event rejected - only supported on private and presence channels"));
  socket.send({ event: "client-x", channel: name("private-"), data: {} });
  const refused = JSON.parse(await socket.next("the refusal"));
  assert.deepEqual([refused.event, refused.data.code], ["pusher:error", null]);
});

test("client events are for apps that allow them", async () => {
  const socket = await openSocket(other);
  const channel = name("private-");
  socket.subscribe(channel);
  await socket.next("the subscription");
  socket.send({ event: "client-x", channel, data: {} });
  await socket.expect(failed(null, "To send client events, you must enable this feature in the Settings page of your dashboard."));
});

test("a connection sends ten client events in a second", async () => {
  const [socket, listener] = [await openSocket(app), await openSocket(app)];
  const channel = name("private-");
  for (const one of [socket, listener]) {
    one.subscribe(channel);
    await one.next("the subscription");
  }
  // In a burst that two seconds of the clock share, twenty pass at most.
  for (let n = 0; n < 31; n++) socket.send({ event: "client-x", channel, data: n });
  const { event, data } = JSON.parse(await socket.next("the refusal"));
  assert.deepEqual([event, data.code], ["pusher:error", 4301]);
  assert.equal(JSON.parse(await listener.next("an event that passed")).event, "client-x");
  socket.send({ event: "pusher:ping", data: {} });
  for (;;) if ((await socket.next("the pong")).includes("pusher:pong")) break;
});
