// Every call of the HTTP API with `pusher` of npm, as an application's server makes it.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import Pusher from "pusher";
import { edge, newApp, putApp, serverOf } from "../harness/app.js";
import { closeClients, name, open } from "../harness/channels.js";
import { edgeURL } from "../harness/edgestream.js";
import { newID } from "../harness/tables.js";
import { until } from "../harness/wait.js";

const app = await newApp();
const { server } = app;

afterEach(closeClients);

async function said(answering) {
  const answer = await answering;
  assert.equal(answer.status, 200);
  return answer.json();
}

const get = (path, params) => said(server.get({ path, params }));

// refused is what a call is refused with.
async function refused(call) {
  const error = await call.then(
    () => assert.fail("the call was not refused"),
    (error) => error,
  );
  return [error.status, error.body];
}

const member = (id) => ({ member: { user_id: id } });

test("an event on one channel, and on many", async () => {
  const client = await open(app);
  const channels = [await client.subscribe(name()), await client.subscribe(name())];
  assert.deepEqual(await said(server.trigger(channels[0].name, "one", { a: 1 })), {});
  assert.deepEqual(await said(server.trigger(channels.map((channel) => channel.name), "both", "é")), {});
  await channels[0].expect(["one", { a: 1 }], ["both", "é"]);
  await channels[1].expect(["both", "é"]);
});

test("an event answers what was asked of its channels", async () => {
  const [channel, presence, empty] = [name(), name("presence-"), name()];
  const client = await open(app, member("1"));
  await client.subscribe(channel);
  await client.subscribe(presence);
  const counted = await said(server.trigger([channel, empty], "e", 1, { info: "subscription_count" }));
  assert.deepEqual(counted, { channels: { [channel]: { subscription_count: 1 }, [empty]: { subscription_count: 0 } } });
  const users = await said(server.trigger(presence, "e", 1, { info: "user_count,subscription_count" }));
  assert.deepEqual(users, { channels: { [presence]: { user_count: 1, subscription_count: 1 } } });
  const [status, text] = await refused(server.trigger(channel, "e", 1, { info: "user_count" }));
  assert.equal(status, 400);
  assert.match(text, /presence/);
});

test("a batch arrives in its order", async () => {
  const [one, two] = [await open(app), await open(app)];
  const [channel, other] = [name(), name()];
  const [first, second, third] = [await one.subscribe(channel), await two.subscribe(channel), await two.subscribe(other)];
  const batch = Array.from({ length: 10 }, (_, n) => ({ channel: n % 3 === 2 ? other : channel, name: `e${n}`, data: { n } }));
  batch[0].socket_id = one.socketID;
  assert.deepEqual(await said(server.triggerBatch(batch.map((event) => ({ ...event })))), {}); // it changes what it is given
  const of = (list, from) => list.map(({ name, data }) => [name, data]).slice(from);
  const mine = batch.filter((event) => event.channel === channel);
  await first.expect(...of(mine, 1));
  await second.expect(...of(mine, 0));
  await third.expect(...of(batch.filter((event) => event.channel === other), 0));
});

test("a batch answers what was asked of each of its events", async () => {
  const channel = name();
  await (await open(app)).subscribe(channel);
  const batch = [{ channel, name: "a", data: "1", info: "subscription_count" }, { channel: name(), name: "b", data: "2" }];
  assert.deepEqual(await said(server.triggerBatch(batch)), { batch: [{ subscription_count: 1 }, {}] });
});

test("what is wrong with one event of a batch keeps all of them", async () => {
  const channel = await (await open(app)).subscribe(name());
  const good = { channel: channel.name, name: "e", data: "1" };
  const batches = [
    [good, { ...good, name: "n".repeat(201) }],
    [good, { ...good, data: "d".repeat(10_241) }],
    [good, { ...good, name: "pusher:x" }],
    [good, { ...good, channel: "a b" }],
    Array.from({ length: 11 }, () => good),
  ];
  for (const batch of batches) {
    const [status] = await refused(server.triggerBatch(batch));
    assert.ok(status === 400 || status === 413, `status ${status}`);
  }
  await channel.silent(app);
});

test("the channels that are occupied, and what is asked of them", async () => {
  const own = await newApp();
  const ask = (path, params) => said(own.server.get({ path, params }));
  assert.deepEqual(await ask("/channels"), { channels: {} });
  const clients = [await open(own, member("1")), await open(own, member("2")), await open(own, member("2"))];
  const [room, lounge, news] = [name("presence-room-"), name("presence-lounge-"), name("cache-")];
  for (const client of clients) await client.subscribe(room);
  await clients[0].subscribe(lounge);
  await clients[0].subscribe(news);
  assert.deepEqual(await ask("/channels"), { channels: { [news]: {}, [lounge]: {}, [room]: {} } });
  const counted = { channels: { [lounge]: { user_count: 1 }, [room]: { user_count: 2 } } };
  assert.deepEqual(await ask("/channels", { filter_by_prefix: "presence-", info: "user_count" }), counted);
  assert.deepEqual(await ask("/channels", { filter_by_prefix: "presence-room" }), { channels: { [room]: {} } });
  const [status] = await refused(own.server.get({ path: "/channels", params: { info: "user_count" } }));
  assert.equal(status, 400);
  for (const client of clients) client.close();
  await until(async () => Object.keys((await ask("/channels")).channels).length === 0, "all channels to be vacated");
});

test("one channel, and what is asked of it", async () => {
  const [room, news] = [name("presence-"), name("cache-")];
  const vacant = { occupied: false, user_count: 0, subscription_count: 0 };
  assert.deepEqual(await get(`/channels/${room}`, { info: "user_count,subscription_count" }), vacant);
  const client = await open(app, member("1"));
  await client.subscribe(room);
  await (await open(app, member("1"))).subscribe(room);
  assert.deepEqual(await get(`/channels/${room}`), { occupied: true });
  const both = { occupied: true, user_count: 1, subscription_count: 2 };
  assert.deepEqual(await get(`/channels/${room}`, { info: "user_count,subscription_count" }), both);
  const kept = await client.subscribe(news);
  assert.deepEqual(await get(`/channels/${news}`, { info: "cache" }), { occupied: true, cache: null });
  await server.trigger(news, "e", "kept");
  await kept.expect(["pusher:cache_miss", undefined], ["e", "kept"]);
  // What is kept is written once it was delivered.
  const cache = await until(async () => (await get(`/channels/${news}`, { info: "cache" })).cache, "the event to be kept");
  assert.equal(cache.data, "kept");
  assert.ok(cache.ttl > 1700 && cache.ttl <= 1800);
});

test("the users of a presence channel", async () => {
  const room = name("presence-");
  assert.deepEqual(await get(`/channels/${room}/users`), { users: [] });
  for (const id of ["b", "a", "b"]) await (await open(app, member(id))).subscribe(room);
  assert.deepEqual(await get(`/channels/${room}/users`), { users: [{ id: "a" }, { id: "b" }] });
  assert.equal((await refused(server.get({ path: `/channels/${name()}/users` })))[0], 400);
});

test("who has the wrong secret, key or app is refused, and told why", async () => {
  const wrong = (more) => serverOf({ ...app, ...more }).get({ path: "/channels" });
  const [status, text] = await refused(wrong({ secret: "wrong" }));
  assert.equal(status, 401);
  assert.match(text, /^Invalid signature: you should have sent HmacSHA256Hex\("GET\\n\/apps\/\d+\/channels\\n.*", your_secret_key\), but you sent "[0-9a-f]{64}"/);
  assert.equal((await refused(wrong({ key: "wrong" })))[0], 401);
  assert.equal((await refused(wrong({ id: newID() })))[0], 404);
});

test("a request of another time is refused", async () => {
  const old = Math.floor(Date.now() / 1000) - 700;
  const query = server.createSignedQueryString({ method: "GET", path: `/apps/${app.id}/channels`, params: {} });
  assert.match(query, /auth_timestamp=\d+/);
  const realNow = Date.now;
  Date.now = () => old * 1000;
  const late = server.createSignedQueryString({ method: "GET", path: `/apps/${app.id}/channels`, params: {} });
  Date.now = realNow;
  for (const [signed, status] of [[query, 200], [late, 401]]) {
    const answer = await fetch(`${edgeURL}/apps/${app.id}/channels?${signed}`);
    const text = await answer.text();
    assert.equal(answer.status, status, text);
    if (status === 401) assert.match(text, /^Timestamp expired: Given timestamp \(.*Z\) not within 600s of server time \(.*Z\)/);
  }
});

test("an app that is disabled publishes nothing", async () => {
  const own = await newApp();
  await said(own.server.trigger(name(), "e", 1));
  await putApp(own, { enabled: false });
  await until(async () => {
    const [status] = await own.server.trigger(name(), "e", 1).then(() => [200], (error) => [error.status]);
    return status === 403;
  }, "the app to be disabled");
});

test("data of 10 KB is taken, and a byte more is not", async () => {
  const channel = await (await open(app)).subscribe(name());
  const text = "é".repeat(5120);
  await said(server.trigger(channel.name, "e", text));
  await channel.expect(["e", text]);
  assert.equal((await refused(server.trigger(channel.name, "e", `${text}x`)))[0], 413);
  await channel.silent(app);
});

test("the limits of names and numbers", async () => {
  const event = { name: "e", data: "1", channels: [name()] };
  const wrong = {
    "a long name": { name: "e".repeat(201) },
    "the protocol's name": { name: "pusher:x" },
    "the protocol's own name": { name: "pusher_internal:x" },
    "a long channel": { channels: ["c".repeat(165)] },
    "a user's channel by another name": { channels: ["#x"] },
    "many channels": { channels: Array.from({ length: 101 }, () => name()) },
    "no channel": { channels: [] },
    "a socket id that is none": { socket_id: "1" },
  };
  for (const [what, change] of Object.entries(wrong)) {
    const [status, text] = await refused(server.post({ path: "/events", body: { ...event, ...change } }));
    assert.equal(status, 400, what);
    assert.ok(text.length > 10, what);
  }
});

test("it finds its way by a URL", async () => {
  const byURL = Pusher.forURL(`http://${app.key}:${app.secret}@${edge.host}:${edge.port}/apps/4072`);
  assert.equal((await refused(byURL.get({ path: "/channels" })))[0], 401);
});
