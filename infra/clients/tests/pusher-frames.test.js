// The frames of the Channels protocol, byte for byte, on a plain socket.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { newApp } from "../harness/app.js";
import { frameOf, openSocket } from "../harness/channelsocket.js";
import { name } from "../harness/channels.js";
import { closeAll, connect } from "../harness/socket.js";

const app = await newApp();

afterEach(closeAll);

// What clients say of themselves: pusher-js of today, CloudApp's age, libraries of other languages.
const queries = {
  "pusher-js 8.6.0": { protocol: 7, client: "js", version: "8.6.0", flash: false },
  "pusher-js 1.9": { client: "js", version: "1.9.6" },
  "a client that says nothing": {},
};

for (const [who, query] of Object.entries(queries)) {
  test(`${who} is greeted first`, async () => {
    const socket = await connect({ to: `/app/${app.key}`, query });
    const first = await socket.next("the greeting");
    const id = JSON.parse(JSON.parse(first).data).socket_id;
    assert.match(id, /^\d+\.\d+$/);
    assert.equal(first, frameOf("pusher:connection_established", undefined, `{"socket_id":"${id}","activity_timeout":120}`));
  });
}

test("a ping is answered", async () => {
  const socket = await openSocket(app);
  socket.send('{"event":"pusher:ping","data":{}}');
  await socket.expect('{"event":"pusher:pong","data":{}}');
});

for (const type of ["", "private-", "private-encrypted-"]) {
  test(`${type || "public"}: a subscription, and an event`, async () => {
    const socket = await openSocket(app);
    const channel = name(type);
    socket.subscribe(channel);
    await socket.expect(frameOf("pusher_internal:subscription_succeeded", channel, "{}"));
    const data = '{ "a":"\\u00e9 \\/ 日本語 😀 <&>\u2028", "n":12345678901234567890.10 }\r\n';
    await publish(channel, "said ü", data);
    await socket.expect(frameOf("said ü", channel, data));
  });
}

test("presence: a subscription, who comes, who speaks, and who goes", async () => {
  const [one, two] = [await openSocket(app), await openSocket(app)];
  const channel = name("presence-");
  one.subscribe(channel, { user_id: "b", user_info: { "a&": "é" } });
  await one.expect(frameOf("pusher_internal:subscription_succeeded", channel, '{"presence":{"ids":["b"],"hash":{"b":{"a&":"é"}},"count":1}}'));
  two.subscribe(channel, { user_id: "a" });
  const succeeded = JSON.parse(await two.next("the subscription"));
  assert.deepEqual(JSON.parse(succeeded.data), { presence: { ids: ["b", "a"], hash: { b: { "a&": "é" }, a: null }, count: 2 } });
  const added = JSON.parse(await one.next("the member"));
  assert.equal(added.event, "pusher_internal:member_added");
  assert.equal(JSON.parse(added.data).user_id, "a");
  two.send({ event: "client-typing", channel, data: { on: true } });
  await one.expect(`${frameOf("client-typing", channel, '{"on":true}').slice(0, -1)},"user_id":"a"}`);
  two.send({ event: "pusher:unsubscribe", data: { channel } });
  await one.expect(frameOf("pusher_internal:member_removed", channel, '{"user_id":"a"}'));
});

test("cache: a miss, and what is kept", async () => {
  const [one, two] = [await openSocket(app), await openSocket(app)];
  const channel = name("cache-");
  const succeeded = frameOf("pusher_internal:subscription_succeeded", channel, "{}");
  one.subscribe(channel);
  await one.expect(succeeded, `{"event":"pusher:cache_miss","channel":"${channel}"}`);
  await publish(channel, "said", "kept");
  await one.expect(frameOf("said", channel, "kept"));
  two.subscribe(channel);
  await two.expect(succeeded, frameOf("said", channel, "kept"));
});

test("a sign-in", async () => {
  const socket = await openSocket(app);
  const signed = app.server.authenticateUser(socket.id, { id: "7", user_info: { name: "é" } });
  socket.send({ event: "pusher:signin", data: signed });
  await socket.expect(frameOf("pusher:signin_success", undefined, JSON.stringify({ user_data: signed.user_data })));
});

test("data as a string, and what is no message", async () => {
  const socket = await openSocket(app);
  const channel = name();
  for (const odd of ["{", "[]", '"x"', "null", '{"event":5}', '{"event":"pusher:connection_established"}', '{"event":"unknown"}']) socket.send(odd);
  socket.send({ event: "pusher:subscribe", data: JSON.stringify({ channel }) });
  await socket.expect(frameOf("pusher_internal:subscription_succeeded", channel, "{}"));
});

// publish sends the text as it is; the package would encrypt it for channels that are.
async function publish(channel, name, data) {
  const answer = await app.server.post({ path: "/events", body: { name, data, channels: [channel] } });
  assert.equal(await answer.text(), "{}");
}
