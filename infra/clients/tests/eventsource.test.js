// The npm package eventsource 4.1.1.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as entities from "../harness/entities.js";
import { Source } from "../harness/eventsource.js";
import { Proxy } from "../harness/proxy.js";
import { deleteContent, newAccount, newList, putContent, removeToken } from "../harness/tables.js";

// open is a stream of a new account that has begun.
async function open(t, path, base) {
  const reader = await newAccount();
  const source = new Source(reader, path, base);
  t.after(() => source.end());
  await source.opened();
  return { reader, source };
}

async function expect(source, event, data) {
  const got = await source.got.take(event);
  assert.deepEqual([got.event, got.data], [event, data]);
  assert.notEqual(got.id, "");
  return got.id;
}

test("a status, its edit and its removal", async (t) => {
  const { reader, source } = await open(t, "user");
  const item = entities.status(reader, { home: new Set([reader.id]), payload: { visibility: "private" } });
  const edit = entities.edited(item);
  await putContent(item);
  await expect(source, "update", item.payload);
  await putContent(edit);
  await expect(source, "status.update", edit.payload);
  await deleteContent(edit);
  await expect(source, "delete", entities.shownID(item));
});

test("a notification, merged ones, changed filters, announcements", async (t) => {
  const { reader, source } = await open(t, "user");
  const [item, announcement, reaction] = [
    entities.notification(reader),
    entities.announcement(),
    entities.reaction(),
  ];
  await putContent(item);
  await expect(source, "notification", item.payload);
  await putContent(entities.merge(reader));
  await expect(source, "notifications_merged", "1");
  await putContent(entities.filter(reader));
  await expect(source, "filters_changed", "null");
  await putContent(announcement);
  await expect(source, "announcement", announcement.payload);
  await putContent(reaction);
  await expect(source, "announcement.reaction", reaction.payload);
  await deleteContent(announcement);
  await expect(source, "announcement.delete", entities.shownID(announcement));
});

test("when its response is cut it comes back by itself with the last id, and misses nothing", async (t) => {
  const proxy = await Proxy.start();
  t.after(() => proxy.stop());
  const { reader, source } = await open(t, "direct", proxy.url);
  const items = Array.from({ length: 4 }, () => entities.conversation(reader));
  await putContent(items[0]);
  const id = await expect(source, "conversation", items[0].payload);
  proxy.cut();
  await putContent(items[1]);
  await putContent(items[2]);
  await source.opened(2);
  await putContent(items[3]);
  for (const item of items.slice(1)) await expect(source, "conversation", item.payload);
  assert.deepEqual(source.asked, [null, id]);
});

test("a stream on which nothing has happened can be resumed by whoever asks for an id", async (t) => {
  const proxy = await Proxy.start();
  t.after(() => proxy.stop());
  const { reader, source } = await open(t, "direct?event_ids=true", proxy.url);
  const { data: position } = await source.got.take("the position");
  proxy.cut();
  const missed = entities.conversation(reader);
  await putContent(missed);
  await source.opened(2);
  assert.deepEqual(source.asked, [null, position]);
  await expect(source, "edgestream.position", position);
  await expect(source, "conversation", missed.payload);
});

test("a refusal ends it for good", async (t) => {
  const [reader, other] = [await newAccount(), await newAccount()];
  const source = new Source(reader, `list?list=${await newList(other)}`);
  t.after(() => source.end());
  assert.equal(await source.refused(), 401);
  assert.equal(source.asked.length, 1);
});

test("it ends for good when its token is revoked", async (t) => {
  const { source } = await open(t, "user");
  await removeToken(source.account.token);
  assert.equal(await source.refused(), 401);
});
