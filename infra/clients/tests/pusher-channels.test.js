// Channels of every type with pusher-js.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { newApp } from "../harness/app.js";
import { closeClients, name, open } from "../harness/channels.js";
import { until } from "../harness/wait.js";

const app = await newApp({ clientEvents: true });
const anna = { member: { user_id: "1", user_info: { name: "Anna" } } };
const bert = { member: { user_id: "2", user_info: { name: "Bert" } } };

afterEach(closeClients);

const types = [
  "",
  "private-",
  "presence-",
  "private-encrypted-",
  "cache-",
  "private-cache-",
  "presence-cache-",
  "private-encrypted-cache-",
];
const caching = types.filter((type) => type.includes("cache-"));
const talking = types.filter((type) => /^(private|presence)-/.test(type) && !type.includes("encrypted"));

// Texts whose bytes a careless server would change.
const texts = ["", "plain", '{"a":[1,2.50,12345678901234567890],"b":"\\u00e9 \\ud83d\\ude00 日本語 & <>"}', "\u2028\u0000\t\"\\'"];

for (const type of types) {
  test(`${type || "public"}: what is published arrives, in order`, async () => {
    const [one, two] = [await open(app, anna), await open(app, bert)];
    const channel = name(type);
    const first = await one.subscribe(channel);
    if (caching.includes(type)) assert.equal((await first.next("a cache miss")).event, "pusher:cache_miss");
    const second = await two.subscribe(channel);
    if (caching.includes(type)) assert.equal((await second.next("a cache miss")).event, "pusher:cache_miss");
    if (type.startsWith("presence-")) assert.equal((await first.next("a member")).event, "pusher:member_added");
    for (const text of texts) await app.server.trigger(channel, "said", { text });
    for (const text of texts) {
      await first.expect(["said", { text }]);
      await second.expect(["said", { text }]);
    }
  });
}

test("a text that is no JSON arrives as it is", async () => {
  const client = await open(app);
  const channel = await client.subscribe(name());
  for (const text of texts) await app.server.trigger(channel.name, "said", text);
  for (const text of texts) assert.deepEqual(await channel.next(), { event: "said", data: parsed(text) });
});

// parsed is what the library makes of a text.
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

for (const type of caching) {
  test(`${type}: who comes later gets the last event that was published, and nobody else does`, async () => {
    const channel = name(type);
    const one = await (await open(app, anna)).subscribe(channel);
    await one.expect(["pusher:cache_miss", undefined]);
    await app.server.trigger(channel, "said", "first");
    await app.server.trigger(channel, "said", "last");
    await one.expect(["said", "first"], ["said", "last"]);
    const two = await (await open(app, bert)).subscribe(channel);
    await two.expect(["said", "last"]);
    if (type.startsWith("presence-")) await one.expect(["pusher:member_added", { id: "2", info: bert.member.user_info }]);
    await one.silent(app);
    await two.expect(["marker", "here"]);
  });
}

for (const type of talking) {
  test(`${type}: a client's event reaches the others, and not itself`, async () => {
    const [one, two] = [await open(app, anna), await open(app, bert)];
    const channel = name(type);
    const [first, second] = [await one.subscribe(channel), await two.subscribe(channel)];
    const whispered = new Promise((resolve) => second.channel.bind("client-typing", (data, metadata) => resolve([data, metadata])));
    assert.ok(first.channel.trigger("client-typing", { at: "é" }));
    const user = type.startsWith("presence-") ? { user_id: "1" } : {};
    assert.deepEqual(await whispered, [{ at: "é" }, user]);
    await app.server.trigger(channel, "marker", "here");
    for (;;) {
      const { event } = await first.next("the marker");
      assert.notEqual(event, "client-typing");
      if (event === "marker") break;
    }
  });
}

test("a client's event is not kept for who comes later", async () => {
  const channel = name("private-cache-");
  const one = await (await open(app)).subscribe(channel);
  await one.expect(["pusher:cache_miss", undefined]);
  const two = await (await open(app)).subscribe(channel);
  await two.expect(["pusher:cache_miss", undefined]);
  one.channel.trigger("client-said", 1);
  await two.expect(["client-said", 1]);
  const three = await (await open(app)).subscribe(channel);
  await three.expect(["pusher:cache_miss", undefined]);
});

test("who is named by its socket id is left out", async () => {
  const [one, two] = [await open(app), await open(app)];
  const channel = name();
  const [first, second] = [await one.subscribe(channel), await two.subscribe(channel)];
  await app.server.trigger(channel, "said", 1, { socket_id: one.socketID });
  await app.server.trigger(channel, "said", 2);
  await first.expect(["said", 2]);
  await second.expect(["said", 1], ["said", 2]);
});

test("who has unsubscribed hears nothing more, and may subscribe again", async () => {
  const [one, two] = [await open(app), await open(app)];
  const channel = name();
  await one.subscribe(channel);
  const there = await two.subscribe(channel);
  one.pusher.unsubscribe(channel);
  await until(async () => (await subscriptions(channel)) === 1, "the end of the subscription");
  one.messages.rest();
  await there.silent(app);
  const again = await one.subscribe(channel);
  await app.server.trigger(channel, "said", 2);
  await there.expect(["said", 2]);
  await again.expect(["said", 2]);
  const heard = one.messages.rest().map((message) => message.event);
  assert.deepEqual(heard, ["pusher_internal:subscription_succeeded", "said"]);
});

// subscriptions is how many subscriptions the HTTP API counts.
async function subscriptions(channel) {
  const answer = await app.server.get({ path: `/channels/${channel}`, params: { info: "subscription_count" } });
  return (await answer.json()).subscription_count;
}

test("an event of a hundred channels reaches each", async () => {
  const client = await open(app);
  const channels = [];
  for (let n = 0; n < 20; n++) channels.push(client.channel(name()));
  await Promise.all(channels.map((channel) => channel.subscribed()));
  const others = Array.from({ length: 80 }, () => name());
  await app.server.trigger([...channels.map((channel) => channel.name), ...others], "said", "to all");
  await Promise.all(channels.map((channel) => channel.expect(["said", "to all"])));
});

test("subscriptions that stood are there again after a reconnect", async () => {
  const client = await open(app, anna);
  const channels = [await client.subscribe(name()), await client.subscribe(name("private-")), await client.subscribe(name("presence-"))];
  const before = client.socketID;
  client.messages.rest();
  client.pusher.disconnect();
  client.pusher.connect();
  await client.connected();
  assert.notEqual(client.socketID, before);
  for (const _ of channels) await client.message("pusher_internal:subscription_succeeded");
  for (const channel of channels) await channel.silent(app);
  assert.deepEqual(channels[2].members(), ["1"]);
});
