// A client of server-sent events that comes back with the id that it got last.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import * as entities from "../harness/entities.js";
import { older } from "../harness/ids.js";
import { endAll, listen } from "../harness/sse.js";
import { newAccount, newList, putContent } from "../harness/tables.js";

afterEach(endAll);

const author = await newAccount();

// say broadcasts numbers on a stream.
async function say(target, ...numbers) {
  for (const n of numbers) await putContent(entities.broadcast(author, "n", String(n), target));
}

// Each: a path, its query, and where an event of it is sent to.
const targets = [
  ["user", {}, { stream: "user" }],
  ["user/notification", {}, { stream: "user:notification" }],
  ["direct", {}, { stream: "direct" }],
  ["public", {}, { stream: "public" }],
  ["public/local", { only_media: "true" }, { stream: "public:local:media" }],
  ["hashtag", { tag: "Cats" }, { stream: "hashtag", tag: "cats" }],
  ["list", {}, { stream: "list" }],
];

for (const [path, query, target] of targets) {
  test(`what was missed on ${target.stream} comes first, once, whichever id is shown`, async () => {
    const reader = await newAccount();
    if (path === "list") target.list = query.list = await newList(reader);
    if (/^(user|direct)/.test(path)) target.account = reader.id;
    const first = await listen(reader, path, { query });
    await say(target, 1, 2, 3);
    const ids = [await first.expect("n", "1"), await first.expect("n", "2"), await first.expect("n", "3")];
    first.close();
    await say(target, 4);
    for (const [i, id] of ids.entries()) {
      const again = await listen(reader, path, { query, headers: { "Last-Event-ID": id } });
      for (let n = i + 2; n <= 4; n++) await again.expect("n", String(n));
      again.close();
    }
    const last = await listen(reader, path, { query: { ...query, last_event_id: ids[2] } });
    await last.expect("n", "4");
    await say(target, 5);
    await last.expect("n", "5");
  });
}

test("an id in the header is newer than the one in the query", async () => {
  const reader = await newAccount();
  const target = { stream: "user", account: reader.id };
  const first = await listen(reader, "user");
  await say(target, 1, 2, 3);
  const [one, two] = [await first.expect("n", "1"), await first.expect("n", "2")];
  const again = await listen(reader, "user", { query: { last_event_id: one }, headers: { "Last-Event-ID": two } });
  await again.expect("n", "3");
});

test("an id goes on where its client has missed nothing, too", async () => {
  const reader = await newAccount();
  const target = { stream: "user", account: reader.id };
  const first = await listen(reader, "user");
  await say(target, 1);
  const id = await first.expect("n", "1");
  const again = await listen(reader, "user", { headers: { "Last-Event-ID": id } });
  await say(target, 2);
  await again.expect("n", "2");
});

// Ids that are none of the stream, made of one that is.
const strange = {
  garbage: () => "garbage",
  "an id that was cut": (id) => id.slice(0, -2),
  "two ids": (id) => id + id,
  "bytes of all kinds": () => "\u00ff\u00fe/\\\"'",
  "a very long one": (id) => id.repeat(200),
};

for (const [what, make] of Object.entries(strange)) {
  test(`${what} is answered with a gap, and what is new`, async () => {
    const reader = await newAccount();
    const target = { stream: "user", account: reader.id };
    const first = await listen(reader, "user");
    await say(target, 1);
    const id = await first.expect("n", "1");
    const again = await listen(reader, "user", { headers: { "Last-Event-ID": make(id) } });
    const gap = await again.expect("edgestream.gap", '{"reason":"unknown_id"}');
    await say(target, 2);
    await again.expect("n", "2");
    const behindGap = await listen(reader, "user", { headers: { "Last-Event-ID": gap } });
    await behindGap.expect("n", "2");
  });
}

test("an id of another account or another stream is unknown", async () => {
  const [reader, other] = [await newAccount(), await newAccount()];
  const first = await listen(reader, "user");
  await say({ stream: "user", account: reader.id }, 1);
  const id = await first.expect("n", "1");
  for (const [account, path] of [
    [other, "user"],
    [reader, "direct"],
  ]) {
    const again = await listen(account, path, { headers: { "Last-Event-ID": id } });
    await again.expect("edgestream.gap", '{"reason":"unknown_id"}');
  }
});

for (const event_ids of ["true", "1"]) {
  test(`a stream asked for with event_ids=${event_ids} begins with an id to resume from`, async () => {
    const reader = await newAccount();
    const target = { stream: "user", account: reader.id };
    const first = await listen(reader, "user", { query: { event_ids } });
    const text = await first.next("the position");
    const position = text.split("\nid: ")[1];
    assert.equal(text, `retry: 1000\nevent: edgestream.position\ndata: ${position}\nid: ${position}`);
    first.close();
    await say(target, 1);
    const again = await listen(reader, "user", { headers: { "Last-Event-ID": position } });
    await again.expect("n", "1");
    const unknown = await listen(reader, "user", { query: { event_ids, last_event_id: "garbage" } });
    await unknown.expect("edgestream.gap", '{"reason":"unknown_id"}');
    const now = await unknown.next("the position behind the gap");
    assert.match(now, /^event: edgestream\.position\ndata: ([\w-]+)\nid: \1$/);
  });
}

for (const event_ids of ["", "0", "TRUE", "false"]) {
  test(`a stream asked for with event_ids=${event_ids} begins as any`, async () => {
    const reader = await newAccount();
    const stream = await listen(reader, "user", { query: { event_ids } });
    await say({ stream: "user", account: reader.id }, 1);
    await stream.expect("n", "1");
  });
}

test("an id that is too old leaves a gap", async () => {
  const reader = await newAccount();
  const first = await listen(reader, "user");
  await say({ stream: "user", account: reader.id }, 1);
  const id = await first.expect("n", "1");
  const again = await listen(reader, "user", { headers: { "Last-Event-ID": older(id, 20) } });
  await again.expect("edgestream.gap", '{"reason":"too_old"}');
  await say({ stream: "user", account: reader.id }, 2);
  await again.expect("n", "2");
});

test("without an id there is neither a gap nor what was before", async () => {
  const reader = await newAccount();
  const target = { stream: "user", account: reader.id };
  const first = await listen(reader, "user");
  await say(target, 1);
  await first.expect("n", "1");
  const again = await listen(reader, "user");
  await say(target, 2);
  await again.expect("n", "2");
});
