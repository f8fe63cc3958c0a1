// masto.js on every stream of the API.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as entities from "../harness/entities.js";
import { open, versions } from "../harness/masto.js";
import { deleteContent, newAccount, newList, putContent } from "../harness/tables.js";

const media = { media_attachments: [{ id: "1", type: "image" }] };
const remote = { account: { id: "9", acct: "author@far.example" } };

// Each stream: its frames' name, how it is subscribed to, and a status that it shows.
const streams = [
  ["user", (s) => s.user, (to) => ({ home: new Set([to.id]) })],
  ["public", (s) => s.public, () => ({})],
  ["public:media", (s) => s.public.media, () => ({ payload: media })],
  ["public:local", (s) => s.public.local, () => ({})],
  ["public:local:media", (s) => s.public.local.media, () => ({ payload: media })],
  ["public:remote", (s) => s.public.remote, () => ({ payload: remote })],
  ["public:remote:media", (s) => s.public.remote.media, () => ({ payload: { ...remote, ...media } })],
  ["hashtag", (s) => s.hashtag, () => ({ payload: { tags: [{ name: "cats" }] } }), { tag: "cats" }],
  ["hashtag:local", (s) => s.hashtag.local, () => ({ payload: { tags: [{ name: "cats" }] } }), { tag: "cats" }],
  // As typed, and as unusual as people type.
  ["hashtag", (s) => s.hashtag, () => ({ payload: { tags: [{ name: "cafe" }] } }), { tag: "#CAFÉ" }],
  ["hashtag:local", (s) => s.hashtag.local, () => ({ payload: { tags: [{ name: "ｆｕｌｌ" }] } }), { tag: 'FU"L"L' }],
  ["hashtag", (s) => s.hashtag, () => ({ payload: { tags: [{ name: "日本語" }] } }), { tag: "日本語" }],
  ["hashtag", (s) => s.hashtag, () => ({ payload: { tags: [{ name: "кошки" }] } }), { tag: "Кошки" }],
];

for (const [version, library] of Object.entries(versions)) {
  for (const [name, resource, parts, params] of streams) {
    const opening = open(library);
    const title = [name, ...Object.values(params ?? {})].join(" ");
    test(`masto.js ${version} gets a new status, its edit and its removal on ${title}`, async (t) => {
      const client = await opening;
      t.after(() => client.masto.close());
      await followStatus(client.masto, resource, name, params, parts(client.reader));
    });
  }

  const opening = { list: open(library), user: open(library), notification: open(library), direct: open(library) };

  test(`masto.js ${version} gets a new status, its edit and its removal on a list`, async (t) => {
    const { masto, reader } = await opening.list;
    t.after(() => masto.close());
    const list = await newList(reader);
    await followStatus(masto, (s) => s.list, "list", { list }, { lists: new Set([list]) });
  });

  for (const [client, name, resource] of [
    ["user", "user", (s) => s.user],
    ["notification", "user:notification", (s) => s.user.notification],
  ]) {
    test(`masto.js ${version} gets a notification on ${name}`, async (t) => {
      const { masto, reader } = await opening[client];
      t.after(() => masto.close());
      const listener = await masto.subscribe(resource(masto.streams).subscribe());
      const item = entities.notification(reader);
      await putContent(item);
      await masto.expect(listener, [name], "notification", item.payload);
    });
  }

  test(`masto.js ${version} gets a conversation and its change on direct`, async (t) => {
    const { masto, reader } = await opening.direct;
    t.after(() => masto.close());
    const listener = await masto.subscribe(masto.streams.direct.subscribe());
    const item = entities.conversation(reader);
    const read = { ...item, payload: item.payload.replace('"unread":true', '"unread":false') };
    assert.notEqual(read.payload, item.payload);
    for (const version of [item, read]) {
      await putContent(version);
      await masto.expect(listener, ["direct"], "conversation", version.payload);
    }
  });
}

async function followStatus(masto, resource, name, params, parts) {
  const listener = await masto.subscribe(resource(masto.streams).subscribe(...(params ? [params] : [])));
  const stream = [name, ...Object.values(params ?? {})];
  const item = entities.status(await newAccount(), parts);
  const edit = entities.edited(item);
  await putContent(item);
  await masto.expect(listener, stream, "update", item.payload);
  await putContent(edit);
  await masto.expect(listener, stream, "status.update", edit.payload);
  await deleteContent(edit);
  await masto.expect(listener, stream, "delete", entities.shownID(item));
}
