// Events as they are on the wire, letter for letter.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import * as entities from "../harness/entities.js";
import { endAll, listen } from "../harness/sse.js";
import { deleteContent, newAccount, newList, putContent } from "../harness/tables.js";

afterEach(endAll);

const author = await newAccount();

async function open(path) {
  const reader = await newAccount();
  return { reader, stream: await listen(reader, path) };
}

test("retry stands before the first event, and an id behind each", async () => {
  const { reader, stream } = await open("user");
  const item = { owner: author.id, id: "status#109", kind: "status", home: [reader.id] };
  await putContent({ ...item, payload: '{"id":"109","content":"<p>\\u00e9 \\"é\\" </p>\\n"}' });
  const first = await stream.next();
  assert.match(first, /^retry: 1000\nevent: update\ndata: {"id":"109","content":"<p>\\u00e9 \\"é\\" <\/p>\\n"}\nid: [\w-]+$/);
  await deleteContent(item);
  const second = await stream.next();
  assert.match(second, /^event: delete\ndata: 109\nid: [\w-]+$/);
  assert.notEqual(first.split("\nid: ")[1], second.split("\nid: ")[1]);
});

const remote = { account: { id: "9", acct: "a@far.example" } };
const media = { media_attachments: [{ id: "1" }] };
const tags = [{ name: "Cats" }];
const statuses = [
  ["user", {}, (reader) => ({ home: new Set([reader.id]), payload: { visibility: "private" } })],
  ["public", {}, () => ({})],
  ["public", { only_media: "true" }, () => ({ payload: media })],
  ["public/local", {}, () => ({})],
  ["public/remote", {}, () => ({ payload: remote })],
  ["hashtag", { tag: "cats" }, () => ({ payload: { tags } })],
  ["hashtag/local", { tag: "#CATS" }, () => ({ payload: { tags } })],
  ["list", {}, (reader, list) => ({ lists: [list], payload: { visibility: "private" } })],
];

for (const [path, query, parts] of statuses) {
  test(`a status, its edit and its removal on ${path}?${new URLSearchParams(query)}`, async () => {
    const reader = await newAccount();
    const list = await newList(reader);
    const stream = await listen(reader, path, { query: path === "list" ? { list } : query });
    const item = entities.status(author, parts(reader, list));
    const edit = entities.edited(item);
    await putContent(item);
    await stream.expect("update", item.payload);
    await putContent(edit);
    await stream.expect("status.update", edit.payload);
    await deleteContent(edit);
    await stream.expect("delete", entities.shownID(item));
  });
}

for (const path of ["user", "user/notification"]) {
  test(`a notification, and merged ones, on ${path}`, async () => {
    const { reader, stream } = await open(path);
    const item = entities.notification(reader);
    await putContent(item);
    await stream.expect("notification", item.payload);
    await putContent(entities.merge(reader));
    await stream.expect("notifications_merged", "1");
  });
}

test("a conversation on direct", async () => {
  const { reader, stream } = await open("direct");
  const item = entities.conversation(reader);
  await putContent(item);
  await stream.expect("conversation", item.payload);
});

test("announcements and reactions on user", async () => {
  const { stream } = await open("user");
  const [announcement, reaction] = [entities.announcement(), entities.reaction()];
  await putContent(announcement);
  await stream.expect("announcement", announcement.payload);
  await putContent(reaction);
  await stream.expect("announcement.reaction", reaction.payload);
  await deleteContent(announcement);
  await stream.expect("announcement.delete", entities.shownID(announcement));
});

test("changed filters, whose data is null", async () => {
  const { reader, stream } = await open("user");
  await putContent(entities.filter(reader));
  await stream.expect("filters_changed", "null");
});

test("a payload of several lines: JSON becomes one line, and a text stays as many", async () => {
  const { reader, stream } = await open("user");
  const to = { stream: "user", account: reader.id };
  await putContent(entities.broadcast(reader, "json", '{\n  "a": "b",\r\n "c": 1\n}', to));
  await stream.expect("json", '{  "a": "b", "c": 1}');
  await putContent(entities.broadcast(reader, "text", "one\ndata: two\r\n\nid: four", to));
  await stream.expect("text", "one", "data: two", "", "id: four");
  await putContent(entities.broadcast(reader, 'ün:usual "event"', " :)\u2028<&>😀", to));
  await stream.expect('ün:usual "event"', " :)\u2028<&>😀");
});

test("what is for one account is heard by no other, and notifications only by who may read them", async () => {
  const reader = await newAccount({ scopes: ["read:statuses"] });
  const stream = await listen(reader, "user");
  const other = await newAccount();
  for (const item of [entities.notification(other), entities.notification(reader), entities.merge(reader)])
    await putContent(item);
  await putContent(entities.broadcast(reader, "marker", "0", { stream: "user", account: reader.id }));
  await stream.expect("marker", "0");
});

test("three hundred changes of one owner arrive in order, nothing twice and nothing lost", async () => {
  const { reader, stream } = await open("user");
  const payloads = Array.from({ length: 300 }, (_, i) => String(i));
  for (const payload of payloads)
    await putContent(entities.broadcast(reader, "n", payload, { stream: "user", account: reader.id }));
  for (const payload of payloads) await stream.expect("n", payload);
});
