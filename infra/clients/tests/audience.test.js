// Who is shown what: one socket on every stream, and the frames that each change makes there.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import * as entities from "../harness/entities.js";
import { closeAll, connectAs } from "../harness/socket.js";
import { deleteContent, newAccount, newList, putContent } from "../harness/tables.js";

afterEach(closeAll);

const author = await newAccount();
const stranger = await newAccount();
const reader = await newAccount();
const list = await newList(reader);
const plain = [
  "user",
  "user:notification",
  "direct",
  "public",
  "public:media",
  "public:local",
  "public:local:media",
  "public:remote",
  "public:remote:media",
];
const everything = [
  ...plain.map((stream) => ({ stream })),
  { stream: "hashtag", tag: "cats" },
  { stream: "hashtag:local", tag: "cats" },
  { stream: "list", list },
];

async function listenToEverything(account = reader) {
  const socket = await connectAs(account);
  await socket.subscribe(...everything);
  return socket;
}

// heard says what a socket has heard, as "event stream stream …" sorted.
async function heard(socket, account = reader) {
  const events = {};
  for (const text of await socket.until(author, account)) {
    const { stream, event } = JSON.parse(text);
    (events[event] ??= []).push(stream[0]);
  }
  return Object.entries(events)
    .map(([event, streams]) => [event, ...streams.sort()].join(" "))
    .sort();
}

const home = { home: new Set([reader.id]) };
const lists = { lists: [list] };
const tags = [{ name: "Cats" }, { name: "cats" }];
const mentions = [{ id: reader.id, acct: "reader" }];
const media = [{ id: "1" }];
const remote = { id: "9", acct: "a@far.example" };

// Each: a status, and the streams on which it is new.
const statuses = [
  ["a public status", {}, "public public:local"],
  [
    "a public status with an attachment",
    { payload: { media_attachments: media } },
    "public public:local public:local:media public:media",
  ],
  ["a public status of another server", { payload: { account: remote } }, "public public:remote"],
  [
    "an attachment of another server",
    { payload: { account: remote, media_attachments: media } },
    "public public:media public:remote public:remote:media",
  ],
  ["a status that is said to be of another server", { local: false }, "public public:remote"],
  ["a status in the reader's home", { ...home }, "public public:local user"],
  ["a status on the reader's list", { ...lists }, "list public public:local"],
  ["a status with a tag twice", { payload: { tags } }, "hashtag hashtag:local public public:local"],
  ["a tag of another server", { payload: { tags, account: remote } }, "hashtag public public:remote"],
  [
    "a reply to somebody else",
    { payload: { tags, in_reply_to_account_id: "77" }, ...home },
    "hashtag hashtag:local user",
  ],
  ["a reply to oneself", { payload: { in_reply_to_account_id: author.id } }, "public public:local"],
  ["a reblog", { payload: { tags, reblog: { id: "5" } }, ...home, ...lists }, "list user"],
  ["an unlisted status", { payload: { tags, visibility: "unlisted" }, ...home }, "user"],
  ["a private status", { payload: { tags, visibility: "private" }, ...home, ...lists }, "list user"],
  ["a direct status", { payload: { tags, visibility: "direct", mentions }, ...home }, "user"],
  ["a status kept off public streams", { payload: { tags }, listed: false, ...home }, "user"],
  ["a public status that mentions the reader", { payload: { mentions } }, "public public:local"],
];

test("every status reaches the streams that it should, and no other", async () => {
  const socket = await listenToEverything();
  for (const [name, parts, streams] of statuses) {
    await putContent(entities.status(author, parts));
    assert.deepEqual(await heard(socket), [`update ${streams}`], name);
  }
});

test("every status leaves the streams that it was on", async () => {
  const socket = await listenToEverything();
  for (const [name, parts, streams] of statuses) {
    const item = entities.status(author, parts);
    await putContent(item);
    await heard(socket);
    await deleteContent(item);
    const told = parts.payload?.mentions && !streams.includes("user") ? `${streams} user` : streams;
    assert.deepEqual(await heard(socket), [`delete ${told}`], name);
  }
});

// Each: a status before and after, and what is heard of the change.
const changes = [
  ["another text", home, (item) => entities.edited(item), ["status.update public public:local user"]],
  [
    "only counters and flags",
    { payload: { favourites_count: 1, favourited: false } },
    (item) => ({
      ...item,
      payload: item.payload.replace(
        '"favourites_count":1,"favourited":false',
        '"favourites_count":2,"favourited":true',
      ),
    }),
    [],
  ],
  ["nothing at all", home, (item) => ({ ...item, unknown: "attribute" }), []],
  ["a new home", {}, (item) => ({ ...item, ...home }), ["update user"]],
  ["no home any more", home, ({ home, ...item }) => item, ["delete user"]],
  [
    "off public streams",
    { ...home, payload: { tags } },
    (item) => ({ ...item, listed: false }),
    ["delete hashtag hashtag:local public public:local"],
  ],
  [
    "an attachment",
    {},
    (item) => ({ ...item, payload: item.payload.replace(/}$/, ',"media_attachments":[{}]}') }),
    ["status.update public public:local", "update public:local:media public:media"],
  ],
  [
    "another kind",
    home,
    (item) => ({ ...item, kind: "notification", owner: author.id }),
    ["delete public public:local user"],
  ],
];

test("every change of a status is told to who was shown it before or is shown it now", async () => {
  const socket = await listenToEverything();
  for (const [name, parts, change, events] of changes) {
    const item = entities.status(author, parts);
    await putContent(item);
    await heard(socket);
    await putContent(change(item));
    assert.deepEqual(await heard(socket), events, name);
  }
});

test("an edit that mentions the reader is heard once on each stream", async () => {
  const socket = await listenToEverything();
  const item = entities.status(author, { ...home, payload: { mentions } });
  await putContent(item);
  await heard(socket);
  await putContent(entities.edited(item));
  assert.deepEqual(await heard(socket), ["status.update public public:local user user:notification"]);
});

test("what is for one account is heard by no other", async () => {
  const other = await newAccount();
  const socket = await connectAs(other);
  await socket.subscribe({ stream: "user" }, { stream: "user:notification" }, { stream: "direct" });
  const items = [
    entities.notification(reader),
    entities.conversation(reader),
    entities.filter(reader),
    entities.merge(reader),
    entities.status(author, { ...home, ...lists }),
  ];
  for (const item of items) await putContent(item);
  for (const owner of [reader, author]) assert.deepEqual(await socket.until(owner, other), []);
});

test("a user stream has notifications only if the token may read them", async () => {
  const statuses = await newAccount({ scopes: ["read:statuses"] });
  const both = await newAccount({ scopes: ["read:statuses", "read:notifications"] });
  for (const [account, expected] of [
    [statuses, []],
    [both, ["notification user"]],
  ]) {
    const socket = await connectAs(account, { stream: "user" });
    await putContent({ ...entities.notification(account), owner: account.id });
    const frames = await socket.until(account, account);
    assert.deepEqual(
      frames.map((text) => `${JSON.parse(text).event} ${JSON.parse(text).stream}`),
      expected,
    );
  }
});

test("an item that does not fit is passed over, and what follows arrives", async () => {
  const socket = await connectAs(reader, { stream: "user" });
  const bad = [
    { kind: "status" },
    { kind: "status", payload: "not JSON", home: [reader.id] },
    { kind: "status", payload: "[]", home: [reader.id] },
    { kind: "status", payload: '{"id":"1"}', home: 5 },
    { kind: "no such kind", payload: "{}" },
    { payload: "{}" },
    { kind: 5, payload: "{}" },
    { kind: "broadcast", payload: "{}", event: "e", topics: "user" },
    { kind: "broadcast", payload: "{}", event: "e", topics: [{ stream: "nothing" }] },
  ];
  for (const [i, item] of bad.entries()) await putContent({ owner: author.id, id: `bad#${i}${stranger.id}`, ...item });
  const good = entities.status(author, { ...home, payload: { visibility: "private" } });
  await putContent(good);
  assert.deepEqual(await heard(socket), ["update user"]);
});
