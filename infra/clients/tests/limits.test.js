// Limits: of API Gateway, and of Edgestream.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { closeConnection, ended } from "../harness/edgestream.js";
import * as entities from "../harness/entities.js";
import { closeAll, connectAs, frame, refusal } from "../harness/socket.js";
import { newAccount, putContent } from "../harness/tables.js";

afterEach(closeAll);

// padded is a message of so many bytes.
function padded(message, bytes) {
  const text = JSON.stringify(message);
  return text + " ".repeat(bytes - Buffer.byteLength(text));
}

test("a binary frame closes the socket with 1003", async () => {
  const socket = await connectAs(await newAccount(), { stream: "user" });
  socket.ws.send(Buffer.from('{"type":"subscribe","stream":"public"}'));
  assert.equal(await socket.code(), 1003);
});

test("a frame over 32 KB closes the socket with 1009", async () => {
  const socket = await connectAs(await newAccount());
  socket.send("x".repeat(32 * 1024 + 1));
  assert.equal(await socket.code(), 1009);
});

test("a message over 128 KB, in frames of less, closes the socket with 1009", async () => {
  const socket = await connectAs(await newAccount());
  for (let i = 0; i < 4; i++) socket.ws.send("x".repeat(32 * 1024), { fin: false, compress: false });
  socket.ws.send("x", { fin: true, compress: false });
  assert.equal(await socket.code(), 1009);
});

test("a message of 16,384 bytes is taken", async () => {
  const socket = await connectAs(await newAccount());
  socket.send(padded({ type: "subscribe", stream: "nothing" }, 16_384));
  await socket.expect('{"error":"Unknown stream type","status":400}');
});

test("a message of 16,385 bytes is answered with an error, and the socket stays open", async () => {
  const socket = await connectAs(await newAccount());
  socket.send(padded({ type: "subscribe", stream: "nothing" }, 16_385));
  await socket.expect('{"error":"Message is too large","status":413}');
  await socket.expectNoMore();
});

test("a message in several frames is one message", async () => {
  const socket = await connectAs(await newAccount());
  socket.ws.send('{"type":"subscr', { fin: false, compress: false });
  socket.ws.send('ibe","stream":"nothing"}', { fin: true, compress: false });
  await socket.expect('{"error":"Unknown stream type","status":400}');
});

test("a tag and a list that are too long are answered with errors", async () => {
  const socket = await connectAs(await newAccount());
  socket.send({ type: "subscribe", stream: "hashtag", tag: "x".repeat(10_000) });
  await socket.expect('{"error":"Tag name parameter is too long","status":400}');
  socket.send({ type: "subscribe", stream: "list", list: "1".repeat(65) });
  await socket.expect('{"error":"List name parameter is too long","status":400}');
});

test("the hundred-and-first subscription of a socket is refused, and the hundred hold", async () => {
  const reader = await newAccount();
  const socket = await connectAs(reader, { stream: "user" });
  const tags = Array.from({ length: 99 }, (_, i) => `tag${i}`);
  await socket.subscribe(...tags.map((tag) => ({ stream: "hashtag", tag })));
  socket.send({ type: "subscribe", stream: "public" });
  await socket.expect('{"error":"Too many subscriptions on this connection","status":429}');
  const payload = { tags: tags.map((name) => ({ name })) };
  await putContent(entities.status(reader, { payload }));
  const got = (await socket.until(reader, reader)).map((text) => JSON.parse(text).stream[1]);
  assert.deepEqual(got.sort(), tags.sort());
});

test("the fifty-first connection of an account is refused with 429, and another account's is not", async () => {
  const [reader, other] = [await newAccount(), await newAccount()];
  await Promise.all(Array.from({ length: 50 }, () => connectAs(reader)));
  assert.equal(await refusal({ query: { access_token: reader.token } }), 429);
  await connectAs(other);
});

test("a connection that was closed makes room for another", async () => {
  const reader = await newAccount();
  const sockets = await Promise.all(Array.from({ length: 50 }, () => connectAs(reader)));
  const connection = await sockets[0].connection();
  await sockets[0].close();
  await ended(connection, "$disconnect");
  await connectAs(reader);
});

test("the longest frame is delivered whole, and one that is a byte longer is left out", async () => {
  const reader = await newAccount();
  const socket = await connectAs(reader, { stream: "user" });
  const room = 131_072 - Buffer.byteLength(frame(["user"], "big", ""));
  const to = { stream: "user", account: reader.id };
  await putContent(entities.broadcast(reader, "big", "x".repeat(room), to));
  await putContent(entities.broadcast(reader, "big", "y".repeat(room + 1), to));
  assert.deepEqual(await socket.until(reader, reader), [frame(["user"], "big", "x".repeat(room))]);
});

test("a socket that the server closes is closed cleanly, and its account can come back", async () => {
  const reader = await newAccount();
  const socket = await connectAs(reader, { stream: "user" });
  const connection = await socket.connection();
  await closeConnection(connection);
  assert.ok([1000, 1001].includes(await socket.code()), `closed with ${await socket.code()}`);
  await ended(connection, "$disconnect");
  await connectAs(reader, { stream: "user" });
});

test("three hundred changes of one owner arrive in order, nothing twice and nothing lost", async () => {
  const reader = await newAccount();
  const socket = await connectAs(reader, { stream: "user" });
  const payloads = Array.from({ length: 300 }, (_, i) => String(i));
  for (const payload of payloads)
    await putContent(entities.broadcast(reader, "n", payload, { stream: "user", account: reader.id }));
  const got = await socket.until(reader, reader);
  assert.deepEqual(
    got,
    payloads.map((payload) => frame(["user"], "n", payload)),
  );
});
