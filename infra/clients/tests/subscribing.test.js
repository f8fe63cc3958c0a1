// What a client may say, and what it is answered: in the URL, and on the socket.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import * as entities from "../harness/entities.js";
import { closeAll, connectAs, frame } from "../harness/socket.js";
import { newAccount, newList, putContent } from "../harness/tables.js";

afterEach(closeAll);

const author = await newAccount();
const others = await newList(author);
const refusals = {
  scope: '{"error":"Access token does not have the required scopes","status":401}',
  unknown: '{"error":"Unknown stream type","status":400}',
  tag: '{"error":"Missing tag name parameter","status":400}',
  list: '{"error":"Missing list name parameter","status":400}',
  owner: '{"error":"Not authorized to stream this list","status":401}',
};

// Each: the token's scopes, what is asked for, the answer.
const refused = [
  [["read"], { stream: "users" }, refusals.unknown],
  [["read"], { stream: "User" }, refusals.unknown],
  [["read"], { stream: "public:remote:media:" }, refusals.unknown],
  [["read"], { stream: " user" }, refusals.unknown],
  [["read"], { stream: "__proto__" }, refusals.unknown],
  [["read"], { stream: "hashtag" }, refusals.tag],
  [["read"], { stream: "hashtag", tag: "" }, refusals.tag],
  [["read"], { stream: "hashtag:local", list: "1" }, refusals.tag],
  [["read"], { stream: "list" }, refusals.list],
  [["read"], { stream: "list", list: "" }, refusals.list],
  [["read"], { stream: "list", tag: "cats" }, refusals.list],
  [["read"], { stream: "list", list: "no such list" }, refusals.owner],
  [["read"], { stream: "list", list: others }, refusals.owner],
  [["write", "follow"], { stream: "user" }, refusals.scope],
  [["write"], { stream: "public" }, refusals.scope],
  [["write"], { stream: "user:notification" }, refusals.scope],
  [["write"], { stream: "direct" }, refusals.scope],
  [["write"], { stream: "unknown" }, refusals.scope],
  [["write"], { stream: "hashtag" }, refusals.scope],
  [["write"], { stream: "list", list: others }, refusals.scope],
  [["read:notifications"], { stream: "user" }, refusals.scope],
  [["read:statuses"], { stream: "user:notification" }, refusals.scope],
  [["READ", "reading"], { stream: "user" }, refusals.scope],
];

for (const [scopes, params, answer] of refused) {
  test(`${JSON.stringify(params)} with ${scopes} is answered ${answer}, in the URL and on the socket`, async () => {
    const socket = await connectAs(await newAccount({ scopes }), params);
    await socket.expect(answer);
    socket.send({ type: "subscribe", ...params });
    await socket.expect(answer);
    await socket.expectNoMore();
  });
}

const odd = [
  ['{"type":"subscribe"}', refusals.unknown],
  ['{"type":"subscribe","stream":null}', refusals.unknown],
  ['{"type":"subscribe","stream":5}', refusals.unknown],
  ['{"type":"subscribe","stream":{}}', refusals.unknown],
  ['{"type":"subscribe","stream":[]}', refusals.unknown],
  ['{"type":"subscribe","stream":["nothing","user"]}', refusals.unknown],
  ['{"type":"subscribe","stream":"hashtag","tag":null}', refusals.tag],
  ['{"type":"subscribe","stream":"hashtag","tag":["cats"]}', refusals.tag],
  ['{"type":"subscribe","stream":"list","list":{"id":"1"}}', refusals.list],
  ['{"stream":"hashtag","type":"subscribe","stream":"list"}', refusals.list],
];

for (const [message, answer] of odd) {
  test(`${message} is answered ${answer}`, async () => {
    const socket = await connectAs(author);
    socket.send(message);
    await socket.expect(answer);
    await socket.expectNoMore();
  });
}

const failedUnsubscribes = [
  '{"type":"unsubscribe"}',
  '{"type":"unsubscribe","stream":"nothing"}',
  '{"type":"unsubscribe","stream":"hashtag"}',
  '{"type":"unsubscribe","stream":"list"}',
];

for (const message of failedUnsubscribes) {
  test(`${message} is answered with an error that has no status`, async () => {
    const socket = await connectAs(author);
    socket.send(message);
    await socket.expect('{"error":"Error unsubscribing from channel"}');
  });
}

const silentUnsubscribes = [{ stream: "user" }, { stream: "hashtag", tag: "never" }, { stream: "list", list: "never" }];

for (const params of silentUnsubscribes) {
  test(`unsubscribing from ${JSON.stringify(params)} is silent for who never subscribed to it`, async () => {
    const socket = await connectAs(author);
    socket.send({ type: "unsubscribe", ...params });
    await socket.ended("unsubscribe");
    await socket.expectNoMore();
  });
}

const ignored = [
  "",
  " ",
  "hello",
  "{",
  '{"type":"subscribe","stream":"nothing"',
  "null",
  "5",
  "[]",
  '["subscribe"]',
  '[{"type":"subscribe","stream":"nothing"}]',
  '"subscribe"',
  "{}",
  '{"type":null}',
  '{"type":""}',
  '{"type":"ping"}',
  '{"type":"Subscribe","stream":"nothing"}',
  '{"type":"subscribe ","stream":"nothing"}',
  '{"type":["subscribe"],"stream":"nothing"}',
  '{"type":{"type":"subscribe"},"stream":"nothing"}',
  '{"Type":"subscribe","stream":"nothing"}',
  '{"stream":"nothing"}',
  '{"type":"$connect"}',
  '{"type":"$disconnect"}',
  '{"type":"$default"}',
  '{"event":"pusher:ping","data":{}}',
  `${"[".repeat(2000)}${"]".repeat(2000)}`,
  `{"type":${'{"type":'.repeat(500)}1${"}".repeat(500)}}`,
  "\u0000",
];

test("what is no message is ignored, and the socket goes on", async () => {
  const reader = await newAccount();
  const socket = await connectAs(reader);
  for (const text of ignored) socket.send(text);
  await socket.ended("$default", ignored.length + 1);
  await socket.expectNoMore();
  await socket.subscribe({ stream: "user" });
  const item = entities.notification(reader);
  await putContent(item);
  await socket.expect(frame(["user"], "notification", item.payload));
});

// Each: how a client may write what it wants, and the stream of its frames.
const spellings = [
  ['{"type":"subscribe","stream":["user","public"]}', ["user"]],
  ['{"type":"subscribe","stream":["hashtag"],"tag":"cats"}', ["hashtag", "cats"]],
  ['{"type":"subscribe","stream":"hashtag","tag":2026}', ["hashtag", "2026"]],
  ['{"type":"subscribe","stream":"user","tag":"ignored","list":"ignored","more":{"deep":[1]}}', ["user"]],
  [' {\t"stream" : "us\\u0065r" ,\n "type":"subscribe" } ', ["user"]],
  ['{"type":"subscribe","stream":"hashtag","tag":"#caf\\u00e9 \\"x\\\\"}', ["hashtag", '#café "x\\']],
];

for (const [message, stream] of spellings) {
  test(`${message} subscribes to ${JSON.stringify(stream)}`, async () => {
    const reader = await newAccount();
    const socket = await connectAs(reader);
    socket.send(message);
    await socket.ended("subscribe");
    const tags = [{ name: "cats" }, { name: "2026" }, { name: "cafex" }];
    const item = entities.status(author, { payload: { tags }, home: new Set([reader.id]) });
    await putContent(item);
    await socket.expect(frame(stream, "update", item.payload));
  });
}

test("a second subscription to the same tag is ignored, and the first spelling stays", async () => {
  const reader = await newAccount();
  const socket = await connectAs(reader, { stream: "user" });
  for (const tag of ["Café", "Café", "cafe", "#CAFÉ"]) await socket.subscribe({ stream: "hashtag", tag });
  const item = entities.status(author, { payload: { tags: [{ name: "cafe" }] } });
  await putContent(item);
  assert.deepEqual(await socket.until(author, reader), [frame(["hashtag", "Café"], "update", item.payload)]);
});

test("a tag is unsubscribed in any spelling, and nothing else with it", async () => {
  const reader = await newAccount();
  const socket = await connectAs(reader, { stream: "user" });
  for (const tag of ["Café", "dogs"]) await socket.subscribe({ stream: "hashtag", tag });
  socket.send({ type: "unsubscribe", stream: "hashtag", tag: "CAFE" });
  await socket.ended("unsubscribe");
  const item = entities.status(author, { payload: { tags: [{ name: "cafe" }, { name: "dogs" }] } });
  await putContent(item);
  assert.deepEqual(await socket.until(author, reader), [frame(["hashtag", "dogs"], "update", item.payload)]);
});

test("a refused subscription leaves those that hold alone", async () => {
  const reader = await newAccount();
  const socket = await connectAs(reader, { stream: "user" });
  socket.send({ type: "subscribe", stream: "list", list: others });
  await socket.expect(refusals.owner);
  const item = entities.notification(reader);
  await putContent(item);
  await socket.expect(frame(["user"], "notification", item.payload));
});

const everyStream = [
  ["user"],
  ["user:notification"],
  ["direct"],
  ["public"],
  ["public:media"],
  ["public:local"],
  ["public:local:media"],
  ["public:remote"],
  ["public:remote:media"],
  ["hashtag", { tag: "Café & #1?" }],
  ["hashtag:local", { tag: "日本語" }],
  ["list", "own"],
];

for (const [stream, given] of everyStream) {
  test(`?stream=${stream} subscribes when the socket opens`, async () => {
    const reader = await newAccount();
    const params = given === "own" ? { list: await newList(reader) } : (given ?? {});
    const socket = await connectAs(reader, { stream, ...params });
    const target = { stream, ...params };
    if (/^(user|direct)/.test(stream)) target.account = reader.id;
    await putContent(entities.broadcast(reader, "said", "anything, not JSON", target));
    await socket.expect(frame([stream, ...Object.values(params)], "said", "anything, not JSON"));
  });
}
