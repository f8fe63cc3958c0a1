// Who is there, with pusher-js.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { newApp } from "../harness/app.js";
import { Client, closeClients, name, open } from "../harness/channels.js";
import { Proxy } from "../harness/proxy.js";
import { until } from "../harness/wait.js";

const app = await newApp();

afterEach(closeClients);

function member(id, info = { name: `member ${id}` }) {
  return { member: { user_id: id, user_info: info } };
}

const added = (id) => ["pusher:member_added", { id, info: { name: `member ${id}` } }];
const removed = (id) => ["pusher:member_removed", { id, info: { name: `member ${id}` } }];

test("who joins is told who is there, and the others are told of it", async () => {
  const channel = name("presence-");
  const [one, two] = [await open(app, member("1")), await open(app, member("2"))];
  const first = one.channel(channel);
  const alone = await first.subscribed();
  assert.deepEqual([alone.count, alone.myID, alone.me], [1, "1", { id: "1", info: { name: "member 1" } }]);
  const second = two.channel(channel);
  const both = await second.subscribed();
  assert.deepEqual([both.count, both.members], [2, { 1: { name: "member 1" }, 2: { name: "member 2" } }]);
  await first.expect(added("2"));
  await second.silent(app);
  await first.expect(["marker", "here"]);
});

test("a user with two tabs is one member, who joins once and leaves once", async () => {
  const channel = name("presence-");
  const watcher = await (await open(app, member("1"))).subscribe(channel);
  const tabs = [await open(app, member("2")), await open(app, member("2"))];
  const [one, two] = [await tabs[0].subscribe(channel), await tabs[1].subscribe(channel)];
  for (const tab of [one, two]) assert.deepEqual(tab.members(), ["1", "2"]);
  await watcher.expect(added("2"));
  tabs[0].close();
  const third = await open(app, member("3"));
  await third.subscribe(channel);
  await watcher.expect(added("3"));
  await two.expect(added("3"));
  tabs[1].close();
  await watcher.expect(removed("2"));
  assert.deepEqual(watcher.members(), ["1", "3"]);
  assert.equal(watcher.channel.members.count, 2);
});

test("two tabs that close at one moment leave once", async () => {
  const channel = name("presence-");
  const watcher = await (await open(app, member("1"))).subscribe(channel);
  const tabs = await Promise.all([open(app, member("2")), open(app, member("2"))]);
  await Promise.all(tabs.map((tab) => tab.subscribe(channel)));
  await watcher.expect(added("2"));
  for (const tab of tabs) tab.close();
  await watcher.expect(removed("2"));
  await watcher.silent(app);
});

test("who unsubscribes leaves, and may come back", async () => {
  const channel = name("presence-");
  const watcher = await (await open(app, member("1"))).subscribe(channel);
  const client = await open(app, member("2"));
  await client.subscribe(channel);
  client.pusher.unsubscribe(channel);
  await watcher.expect(added("2"), removed("2"));
  const again = await client.subscribe(channel);
  assert.deepEqual(again.members(), ["1", "2"]);
  await watcher.expect(added("2"));
});

test("who is cut off without a close leaves", async (t) => {
  const proxy = await Proxy.start();
  t.after(() => proxy.stop());
  const channel = name("presence-");
  const watcher = await (await open(app, member("1"))).subscribe(channel);
  const lost = await open(app, { ...member("2"), wsPort: Number(new URL(proxy.url).port) });
  await lost.subscribe(channel);
  await watcher.expect(added("2"));
  lost.pusher.connection.bind("connecting_in", () => lost.close()); // it would come back
  proxy.cut();
  await watcher.expect(removed("2"));
  assert.equal((await lost.errors.take("the cut")).data.code, 1006);
});

test("members without user_info, and ids that are numbers, are members like any", async () => {
  const channel = name("presence-");
  const watcher = await (await open(app, { member: { user_id: "1" } })).subscribe(channel);
  assert.deepEqual(watcher.channel.members.get("1"), { id: "1", info: watcher.channel.members.members["1"] });
  const client = await open(app, { member: { user_id: 22 } });
  const channel2 = client.channel(channel);
  assert.deepEqual(Object.keys((await channel2.subscribed()).members), ["1", "22"]);
  assert.equal((await watcher.next("a member")).data.id, "22");
});

test("a user's info is what the first of its connections said", async () => {
  const channel = name("presence-");
  const watcher = await (await open(app, member("1"))).subscribe(channel);
  await (await open(app, member("2", { tab: 1 }))).subscribe(channel);
  await (await open(app, member("2", { tab: 2 }))).subscribe(channel);
  await watcher.expect(["pusher:member_added", { id: "2", info: { tab: 1 } }]);
  await watcher.silent(app);
});

// signedAtOnce are the options of a member whose server is asked nothing.
function signedAtOnce(id) {
  const { member: who } = member(id);
  const customHandler = ({ socketId, channelName }, done) => done(null, app.server.authorizeChannel(socketId, channelName, who));
  return { channelAuthorization: { customHandler } };
}

test("a hundred members that join at once all see the same list, and the next is refused", async () => {
  const channel = name("presence-");
  const clients = Array.from({ length: 100 }, (_, n) => new Client(app, signedAtOnce(`u${n}`)));
  await Promise.all(clients.map((client) => client.connected()));
  const joined = clients.map((client) => client.channel(channel));
  await Promise.all(joined.map((one) => one.subscribed()));
  const all = clients.map((_, n) => `u${n}`).sort();
  const complete = (one) => one.channel.members.count === 100;
  await until(() => joined.every(complete), "all lists to be complete");
  for (const one of joined) assert.deepEqual(one.members(), all);
  const late = (await open(app, member("late"))).channel(channel);
  assert.equal((await late.refused()).status, 403);
  // A user who is there already may come with another tab.
  const tab = await (await open(app, member("u7"))).subscribe(channel);
  assert.deepEqual(tab.members(), all);
  for (const client of clients.slice(1)) client.close();
  const [last] = joined;
  await until(() => last.channel.members.count === 2, "all others to leave");
  assert.deepEqual(last.members(), ["u0", "u7"]);
});
