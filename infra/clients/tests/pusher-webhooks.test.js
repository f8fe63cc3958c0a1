// Every kind of webhook, received as `pusher` of npm reads it.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { newApp } from "../harness/app.js";
import { closeClients, name, open } from "../harness/channels.js";
import { Receiver } from "../harness/receiver.js";
import { until } from "../harness/wait.js";

afterEach(closeClients);

const kinds = ["channel_occupied", "channel_vacated", "member_added", "member_removed", "client_event", "cache_miss", "subscription_count"];

// hooked is an app with a receiver of these kinds of events.
async function hooked(events, { prefix, ...row } = {}) {
  const receiver = await Receiver.start();
  const webhook = { url: receiver.url, events, ...(prefix && { prefix }) };
  return { receiver, app: await newApp({ webhooks: [webhook], ...row }) };
}

const member = (id) => ({ member: { user_id: id, user_info: { name: id } } });

// valid makes sure that the package takes every post for genuine.
function valid(receiver, app) {
  assert.ok(receiver.posts.length > 0);
  for (const post of receiver.posts) {
    const webhook = app.server.webhook(post);
    assert.ok(webhook.isContentTypeValid());
    assert.ok(webhook.isValid());
    assert.ok(Math.abs(webhook.getTime() - Date.now()) < 120_000);
    assert.ok(!app.server.webhook({ ...post, rawBody: `${post.rawBody} ` }).isValid());
  }
}

test("a channel is occupied, and vacated once all have gone", async () => {
  const { receiver, app } = await hooked(["channel_occupied", "channel_vacated"]);
  const channel = name();
  const clients = [await open(app), await open(app)];
  for (const client of clients) await client.subscribe(channel);
  await receiver.expect({ name: "channel_occupied", channel });
  clients[0].close();
  clients[1].pusher.unsubscribe(channel);
  await receiver.expect({ name: "channel_vacated", channel });
  await clients[1].subscribe(channel);
  await receiver.expect({ name: "channel_occupied", channel });
  valid(receiver, app);
});

test("who is back within three seconds was never away", async () => {
  const { receiver, app } = await hooked(["channel_occupied", "channel_vacated", "member_added", "member_removed"]);
  const channel = name("presence-");
  const client = await open(app, member("1"));
  await client.subscribe(channel);
  const first = [await receiver.next("occupied"), await receiver.next("added")].map((event) => event.name).sort();
  assert.deepEqual(first, ["channel_occupied", "member_added"]);
  client.pusher.unsubscribe(channel);
  await client.subscribe(channel);
  // Another channel's vacancy is looked at later, and so is told later.
  const later = name();
  await client.subscribe(later);
  await receiver.expect({ name: "channel_occupied", channel: later });
  client.pusher.unsubscribe(later);
  await receiver.expect({ name: "channel_vacated", channel: later });
  valid(receiver, app);
});

test("members are added once, and removed once", async () => {
  const { receiver, app } = await hooked(["member_added", "member_removed"]);
  const channel = name("presence-");
  const [one, two, three] = [await open(app, member("1")), await open(app, member("2")), await open(app, member("2"))];
  await one.subscribe(channel);
  await receiver.expect({ name: "member_added", channel, user_id: "1" });
  await two.subscribe(channel);
  await three.subscribe(channel);
  await receiver.expect({ name: "member_added", channel, user_id: "2" });
  two.close();
  three.close();
  await receiver.expect({ name: "member_removed", channel, user_id: "2" });
  valid(receiver, app);
});

test("client events are passed on", async () => {
  const { receiver, app } = await hooked(["client_event"]);
  const [talk, room] = [name("private-"), name("presence-")];
  const client = await open(app, member("1"));
  const [private_, presence] = [await client.subscribe(talk), await client.subscribe(room)];
  const common = { name: "client_event", event: "client-x", socket_id: client.socketID };
  private_.channel.trigger("client-x", { a: "é" });
  await receiver.expect({ ...common, channel: talk, data: '{"a":"é"}' });
  presence.channel.trigger("client-x", [1]);
  await receiver.expect({ ...common, channel: room, data: "[1]", user_id: "1" });
  valid(receiver, app);
});

test("a cache that is empty is told of", async () => {
  const { receiver, app } = await hooked(["cache_miss"]);
  const channel = name("cache-");
  await (await open(app)).subscribe(channel);
  await receiver.expect({ name: "cache_miss", channel });
  await app.server.trigger(channel, "e", 1);
  await (await open(app)).subscribe(channel);
  const other = name("private-cache-");
  await (await open(app)).subscribe(other);
  await receiver.expect({ name: "cache_miss", channel: other });
  valid(receiver, app);
});

test("subscriptions are counted", async () => {
  const { receiver, app } = await hooked(["subscription_count"], { subscriptionCount: true });
  const channel = name();
  const clients = [await open(app), await open(app)];
  const counted = async (n) => {
    for (;;) {
      const event = await receiver.next(`a count of ${n}`);
      assert.equal(event.channel, channel);
      if (event.subscription_count === n) return;
    }
  };
  await clients[0].subscribe(channel);
  await counted(1);
  await clients[1].subscribe(channel);
  await counted(2);
  clients[0].close();
  await counted(1);
  valid(receiver, app);
});

test("a receiver hears of its prefix alone", async () => {
  const { receiver, app } = await hooked(kinds, { prefix: "room-" });
  const client = await open(app);
  await client.subscribe(name("lobby-"));
  const channel = name("room-");
  await client.subscribe(channel);
  await receiver.expect({ name: "channel_occupied", channel });
});

test("what a receiver does not take is posted again, and delays no other", async () => {
  const [deaf, good] = [await Receiver.start(), await Receiver.start()];
  deaf.answer(500, 302);
  const webhooks = [deaf, good].map(({ url }) => ({ url, events: ["channel_occupied"] }));
  const app = await newApp({ webhooks });
  const client = await open(app);
  const [one, two] = [name(), name()];
  await client.subscribe(one);
  await good.expect({ name: "channel_occupied", channel: one });
  await client.subscribe(two);
  await good.expect({ name: "channel_occupied", channel: two });
  const heard = [await deaf.next("the first"), await deaf.next("the second")].map((event) => event.channel).sort();
  assert.deepEqual(heard, [one, two].sort());
  await until(() => deaf.posts.length >= 3, "three posts");
  valid(deaf, app);
});
