// What pusher-js makes of what it is refused, and of a connection that fails it.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { newApp } from "../harness/app.js";
import { Client, closeClients, name, open } from "../harness/channels.js";
import { Proxy } from "../harness/proxy.js";
import { until } from "../harness/wait.js";

const app = await newApp({ subscriptionCount: true });

afterEach(closeClients);

test("an app key that nobody has makes it stop for good", async () => {
  const client = new Client({ ...app, key: "nobody" });
  const { error } = await client.errors.take("the error");
  const message = "App key nobody not in this cluster. Did you forget to specify the cluster?";
  assert.deepEqual(error, { type: "PusherError", data: { code: 4001, message } });
  await client.state("disconnected");
  assert.deepEqual(client.states, ["disconnected"]);
});

test("an app that is disabled makes it stop for good", async () => {
  const client = new Client(await newApp({ enabled: false }));
  assert.equal((await client.errors.take("the error")).error.data.code, 4003);
  await client.state("disconnected");
});

test("a signature that does not fit ends in subscription_error", async () => {
  const customHandler = (_, callback) => callback(null, { auth: `${app.key}:${"0".repeat(64)}` });
  const client = await open(app, { channelAuthorization: { customHandler } });
  const channel = client.channel(name("private-"));
  const refused = await channel.refused();
  assert.deepEqual([refused.type, refused.status], ["AuthError", 401]);
  assert.equal(channel.channel.subscribed, false);
});

test("what the application's own server refuses ends in subscription_error", async () => {
  const client = await open(app);
  const refused = await client.channel(name("private-") + "-forbidden").refused();
  assert.deepEqual([refused.type, refused.status], ["AuthError", 403]);
});

test("a name of 164 characters is taken, and one of 165 is not", async () => {
  const client = await open(app);
  await client.subscribe("n".repeat(164));
  const refused = await client.channel("n".repeat(165)).refused();
  assert.equal(refused.status, 400);
});

test("an error that is no end of the connection leaves it open", async () => {
  const client = await open(app);
  const channel = await client.subscribe(name());
  channel.channel.trigger("client-x", {});
  const { data } = await client.errors.take("the error");
  assert.deepEqual(data, { code: null, message: "Client event rejected - only supported on private and presence channels" });
  assert.equal(client.pusher.connection.state, "connected");
});

test("a server that is there answers its ping, and one that is not is left", async (t) => {
  const proxy = await Proxy.start();
  t.after(() => proxy.stop());
  const client = await open(app, { wsPort: Number(new URL(proxy.url).port) });
  client.pusher.connection.connection.ping();
  await client.message("pusher:pong");
  proxy.cut();
  await until(() => client.states.includes("connecting"), "the second attempt");
  await client.connected();
  assert.equal((await client.errors.take("the cut")).data.code, 1006);
});

for (const type of ["", "private-", "cache-"]) {
  test(`${type || "public"}: subscribers are told how many there are`, async () => {
    const channel = name(type);
    const one = await (await open(app)).subscribe(channel);
    const counted = (n) => until(() => one.channel.subscriptionCount === n, `a count of ${n}, not ${one.channel.subscriptionCount}`);
    await counted(1);
    const clients = [await open(app), await open(app)];
    for (const client of clients) await client.subscribe(channel);
    await counted(3);
    clients[0].close();
    await counted(2);
    clients[1].pusher.unsubscribe(channel);
    await counted(1);
  });
}

test("members of a presence channel are counted by its list alone", async () => {
  const client = await open(app, { member: { user_id: "1" } });
  const channel = await client.subscribe(name("presence-"));
  const open_ = await client.subscribe(name());
  await open_.next("a count");
  await channel.silent(app);
});
