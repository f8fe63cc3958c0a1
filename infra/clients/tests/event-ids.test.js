// Sockets that ask for ids, and come back with one.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import * as entities from "../harness/entities.js";
import { older } from "../harness/ids.js";
import { closeAll, connectAs, frame } from "../harness/socket.js";
import { endAll, listen } from "../harness/sse.js";
import { newAccount, newList, putContent } from "../harness/tables.js";

afterEach(closeAll);
afterEach(endAll);

const author = await newAccount();

// say broadcasts numbers on a stream.
async function say(target, ...numbers) {
  for (const n of numbers) await putContent(entities.broadcast(author, "n", String(n), target));
}

function connectWithIDs(account, query = {}) {
  return connectAs(account, { event_ids: "true", ...query });
}

// expect takes the next frame, which must be this one and an id, and answers with the id.
async function expect(socket, stream, event, payload) {
  const text = await socket.next(`${event} ${payload}`);
  const { id } = JSON.parse(text);
  assert.match(id, /^[\w-]+$/);
  assert.equal(text, frame(stream, event, payload).replace(/}$/, `,"id":"${id}"}`));
  return id;
}

// begin takes the frame with which a subscription begins, and answers with its position.
async function begin(socket, stream) {
  const text = await socket.next("the position");
  const { id } = JSON.parse(text);
  assert.match(id, /^[\w-]+$/);
  const start = `{"stream":${JSON.stringify(stream)},"event":"edgestream.position"`;
  assert.equal(text, `${start},"payload":"${id}","id":"${id}"}`);
  return id;
}

// collect takes numbers until the last one, and answers with those whose id is new.
async function collect(socket, last, seen = new Set()) {
  const got = [];
  for (let payload; payload !== String(last); ) {
    const parsed = JSON.parse(await socket.next(`number ${last}`));
    payload = parsed.payload;
    if (!seen.has(parsed.id)) got.push(Number(payload));
    seen.add(parsed.id);
  }
  return got;
}

// Each: what a client asks for, its frames' stream, and where an event of it is sent to.
const streams = [
  [{ stream: "user" }, ["user"], { stream: "user" }],
  [{ stream: "user:notification" }, ["user:notification"], { stream: "user:notification" }],
  [{ stream: "direct" }, ["direct"], { stream: "direct" }],
  [{ stream: "public:local:media" }, ["public:local:media"], { stream: "public:local:media" }],
  [{ stream: "hashtag", tag: "Café" }, ["hashtag", "Café"], { stream: "hashtag", tag: "cafe" }],
  [{ stream: "list" }, ["list"], { stream: "list" }],
];

for (const [params, stream, target] of streams) {
  test(`${params.stream}: position first, an id last, and what was missed in order`, async () => {
    const reader = await newAccount();
    if (params.stream === "list") stream.push((target.list = params.list = await newList(reader)));
    if (/^(user|direct)/.test(params.stream)) target.account = reader.id;
    const first = await connectWithIDs(reader, params);
    const start = await begin(first, stream);
    await say(target, 1, 2);
    const one = await expect(first, stream, "n", "1");
    const two = await expect(first, stream, "n", "2");
    await first.close();
    await say(target, 3, 4);
    for (const [id, seen, missed] of [
      [start, [], [1, 2, 3, 4]],
      [one, [one], [2, 3, 4]],
      [two, [one, two], [3, 4]],
    ]) {
      const inURL = await connectWithIDs(reader, { ...params, last_event_id: id });
      await begin(inURL, stream);
      assert.deepEqual(await collect(inURL, 4, new Set(seen)), missed);
      const inMessage = await connectWithIDs(reader);
      inMessage.send({ type: "subscribe", ...params, last_event_id: id });
      await begin(inMessage, stream);
      assert.deepEqual(await collect(inMessage, 4, new Set(seen)), missed);
    }
  });
}

test("a hundred events that come while a client is coming back arrive once and in order", async () => {
  const reader = await newAccount();
  const target = { stream: "user", account: reader.id };
  const first = await connectWithIDs(reader, { stream: "user" });
  const start = await begin(first, ["user"]);
  await first.close();
  const numbers = Array.from({ length: 100 }, (_, i) => i);
  await say(target, ...numbers.slice(0, 40));
  const saying = say(target, ...numbers.slice(40));
  const again = await connectWithIDs(reader, { stream: "user", last_event_id: start });
  await begin(again, ["user"]);
  assert.deepEqual(await collect(again, 99), numbers);
  await saying;
});

async function positionOf(account, stream) {
  return begin(await connectWithIDs(account, { stream }), [stream]);
}

// Each: what a client sends as last_event_id, and why there is a gap.
const strange = {
  garbage: ["garbage", "unknown_id"],
  "no text": [{ id: 5 }, "unknown_id"],
  "an id of another account": [() => positionOf(author, "user"), "unknown_id"],
  "an id of another stream": [(reader) => positionOf(reader, "direct"), "unknown_id"],
  "an id that is too old": [async (reader) => older(await positionOf(reader, "user"), 20), "too_old"],
};

for (const [what, [given, reason]] of Object.entries(strange)) {
  test(`${what} is answered with a gap before the position`, async () => {
    const reader = await newAccount();
    const id = typeof given === "function" ? await given(reader) : given;
    const socket = await connectWithIDs(reader);
    socket.send({ type: "subscribe", stream: "user", last_event_id: id });
    await expect(socket, ["user"], "edgestream.gap", `{"reason":"${reason}"}`);
    await begin(socket, ["user"]);
    await say({ stream: "user", account: reader.id }, 1);
    await expect(socket, ["user"], "n", "1");
  });
}

test("each subscription has a position of its own, and unsubscribing ends one", async () => {
  const reader = await newAccount();
  const socket = await connectWithIDs(reader, { stream: "user" });
  await begin(socket, ["user"]);
  await socket.subscribe({ stream: "direct" });
  await begin(socket, ["direct"]);
  socket.send({ type: "unsubscribe", stream: "user" });
  await socket.ended("unsubscribe");
  await say({ stream: "user", account: reader.id }, 1);
  await say({ stream: "direct", account: reader.id }, 2);
  await expect(socket, ["direct"], "n", "2");
});

test("an error has no id", async () => {
  const socket = await connectWithIDs(await newAccount(), { stream: "nothing", last_event_id: "garbage" });
  await socket.expect('{"error":"Unknown stream type","status":400}');
});

test("both transports take each other's ids", async () => {
  const reader = await newAccount();
  const target = { stream: "user", account: reader.id };
  const socket = await connectWithIDs(reader, { stream: "user" });
  const stream = await listen(reader, "user");
  const start = await begin(socket, ["user"]);
  await say(target, 1, 2);
  const [ofSocket, ofStream] = [await expect(socket, ["user"], "n", "1"), await stream.expect("n", "1")];
  await stream.expect("n", "2");
  stream.close();
  const behindStart = await listen(reader, "user", { headers: { "Last-Event-ID": start } });
  await behindStart.expect("n", "1");
  await behindStart.expect("n", "2");
  const behindSocket = await listen(reader, "user", { headers: { "Last-Event-ID": ofSocket } });
  assert.match(await behindSocket.next(), /\ndata: [12]\n/); // 1 may come again: a socket's id goes back a little
  const behindStream = await connectWithIDs(reader, { stream: "user", last_event_id: ofStream });
  await begin(behindStream, ["user"]);
  await expect(behindStream, ["user"], "n", "2");
});

for (const query of [{}, { event_ids: "" }, { event_ids: "0" }, { event_ids: "TRUE" }, { event_ids: "false" }]) {
  test(`a socket with ${JSON.stringify(query)} gets no ids, and a last_event_id is nothing to it`, async () => {
    const reader = await newAccount();
    const socket = await connectAs(reader, { ...query, stream: "user", last_event_id: "garbage" });
    await say({ stream: "user", account: reader.id }, 1);
    await socket.expect(frame(["user"], "n", "1"));
  });
}
