// Frames as they are on the wire, letter for letter.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { broadcast } from "../harness/entities.js";
import { closeAll, connectAs, frame } from "../harness/socket.js";
import { deleteContent, newAccount, newList, putContent } from "../harness/tables.js";

afterEach(closeAll);

// open is a socket of a new account that listens to the streams.
async function open(...streams) {
  const reader = await newAccount();
  const socket = await connectAs(reader);
  await socket.subscribe(...streams);
  return { reader, socket };
}

test("the life of a status", async () => {
  const { reader, socket } = await open({ stream: "user" });
  const item = { owner: "5", id: "status#109", kind: "status", home: [reader.id] };
  await putContent({ ...item, payload: '{"id":"109","content":"<p>\\u00e9 \\"é\\" </p>\\n"}' });
  await socket.expect(
    String.raw`{"stream":["user"],"event":"update","payload":"{\"id\":\"109\",\"content\":\"<p>\\u00e9 \\\"é\\\" </p>\\n\"}"}`,
  );
  await putContent({ ...item, payload: '{"id":"109","content":"2"}' });
  await socket.expect(
    String.raw`{"stream":["user"],"event":"status.update","payload":"{\"id\":\"109\",\"content\":\"2\"}"}`,
  );
  await deleteContent(item);
  await socket.expect('{"stream":["user"],"event":"delete","payload":"109"}');
});

test("a notification, to user and to user:notification", async () => {
  const { reader, socket } = await open({ stream: "user" }, { stream: "user:notification" });
  await putContent({
    owner: reader.id,
    id: "notification#7",
    kind: "notification",
    payload: '{"id":"7","type":"follow"}',
  });
  const frames = [await socket.next(), await socket.next()].sort();
  assert.deepEqual(frames, [
    String.raw`{"stream":["user"],"event":"notification","payload":"{\"id\":\"7\",\"type\":\"follow\"}"}`,
    String.raw`{"stream":["user:notification"],"event":"notification","payload":"{\"id\":\"7\",\"type\":\"follow\"}"}`,
  ]);
});

test("a conversation", async () => {
  const { reader, socket } = await open({ stream: "direct" });
  await putContent({
    owner: reader.id,
    id: "conversation#8",
    kind: "conversation",
    payload: '{"id":"8","unread":true}',
  });
  await socket.expect(
    String.raw`{"stream":["direct"],"event":"conversation","payload":"{\"id\":\"8\",\"unread\":true}"}`,
  );
});

test("announcements and reactions", async () => {
  const { socket } = await open({ stream: "user" });
  const announcement = { owner: "announcements", id: "announcement#9", kind: "announcement" };
  const reaction = { owner: "announcements", id: "reaction#9", kind: "reaction" };
  await putContent({ ...announcement, payload: '{"id":"9","content":"x"}' });
  await socket.expect(
    String.raw`{"stream":["user"],"event":"announcement","payload":"{\"id\":\"9\",\"content\":\"x\"}"}`,
  );
  await putContent({ ...reaction, payload: '{"name":"👍","count":1,"announcement_id":"9"}' });
  await socket.expect(
    String.raw`{"stream":["user"],"event":"announcement.reaction","payload":"{\"name\":\"👍\",\"count\":1,\"announcement_id\":\"9\"}"}`,
  );
  await deleteContent(reaction);
  await socket.expect(
    String.raw`{"stream":["user"],"event":"announcement.reaction","payload":"{\"name\":\"👍\",\"count\":0,\"announcement_id\":\"9\"}"}`,
  );
  await deleteContent(announcement);
  await socket.expect('{"stream":["user"],"event":"announcement.delete","payload":"9"}');
});

test("changed filters, which have no payload, and merged notifications", async () => {
  const { reader, socket } = await open({ stream: "user" });
  const filter = { owner: reader.id, id: "filter#1", kind: "filter", payload: { title: "x" } };
  for (const change of [
    () => putContent(filter),
    () => putContent({ ...filter, payload: { title: "y" } }),
    () => deleteContent(filter),
  ]) {
    await change();
    await socket.expect('{"stream":["user"],"event":"filters_changed"}');
  }
  await putContent({ owner: reader.id, id: "merge#1", kind: "merge" });
  await socket.expect('{"stream":["user"],"event":"notifications_merged","payload":"1"}');
});

test("notifications_merged on user:notification", async () => {
  const { reader, socket } = await open({ stream: "user:notification" });
  await putContent({ owner: reader.id, id: "merge#1", kind: "merge" });
  await socket.expect('{"stream":["user:notification"],"event":"notifications_merged","payload":"1"}');
});

test("an edit that mentions the reader, on user:notification", async () => {
  const { reader, socket } = await open({ stream: "user:notification" });
  const mentions = `"mentions":[{"id":"${reader.id}","acct":"reader"}]`;
  const item = { owner: "6", id: "status#110", kind: "status" };
  await putContent({ ...item, payload: `{"id":"110","content":"1",${mentions}}` });
  await putContent({ ...item, payload: `{"id":"110","content":"2",${mentions}}` });
  await socket.expect(
    String.raw`{"stream":["user:notification"],"event":"status.update","payload":"{\"id\":\"110\",\"content\":\"2\",` +
      String.raw`\"mentions\":[{\"id\":\"${reader.id}\",\"acct\":\"reader\"}]}"}`,
  );
});

test("a payload that is a map becomes JSON with its keys sorted, and sets become arrays", async () => {
  const { reader, socket } = await open({ stream: "user" });
  const payload = { z: null, id: "1", b: { y: true, x: [1.5, "é<&>", {}] }, a: new Set(["only"]) };
  await putContent({ owner: reader.id, id: "notification#1", kind: "notification", payload });
  await socket.expect(
    String.raw`{"stream":["user"],"event":"notification","payload":"{\"a\":[\"only\"],\"b\":{\"x\":[1.5,\"é<&>\",{}],\"y\":true},\"id\":\"1\",\"z\":null}"}`,
  );
});

const parameters = ["cats", "#CATS", "  cats ", "日本語", 'x"\\/\b\f\n\r\t\u0001\u007f', "x\u2028<&>😀", "x\u200c·_"];

for (const tag of parameters) {
  test(`the tag ${JSON.stringify(tag)} stands in stream exactly as it was sent`, async () => {
    const { reader, socket } = await open({ stream: "hashtag", tag });
    await putContent(broadcast(reader, "e", "p", { stream: "hashtag", tag }));
    await socket.expect(`{"stream":["hashtag",${JSON.stringify(tag)}],"event":"e","payload":"p"}`);
  });
}

test("the list stands in stream", async () => {
  const reader = await newAccount();
  const list = await newList(reader);
  const socket = await connectAs(reader, { stream: "list", list });
  await putContent(broadcast(reader, "e", "p", { stream: "list", list }));
  await socket.expect(`{"stream":["list","${list}"],"event":"e","payload":"p"}`);
});

test("a broadcast, whatever its event is called and its payload holds", async () => {
  const { reader, socket } = await open({ stream: "user" });
  for (const [event, payload] of [
    ['ünusual "event"', '\u0000\u001f\u2028\u2029\\"/'],
    ["empty", "{}"],
    ["text", " "],
  ]) {
    await putContent(broadcast(reader, event, payload, { stream: "user", account: reader.id }));
    await socket.expect(frame(["user"], event, payload));
  }
});

test("a broadcast to every user", async () => {
  const [one, other] = [await open({ stream: "user" }), await open({ stream: "user" })];
  await putContent(broadcast(one.reader, "notice", "[]", { stream: "user" }));
  for (const { socket } of [one, other]) await socket.expect('{"stream":["user"],"event":"notice","payload":"[]"}');
});
