// masto.js and its socket: several subscriptions, their end, errors, reconnecting.
import assert from "node:assert/strict";
import { test } from "node:test";
import { closeConnection, follows, published } from "../harness/edgestream.js";
import * as entities from "../harness/entities.js";
import { Masto, open, versions } from "../harness/masto.js";
import { frame } from "../harness/socket.js";
import { deleteContent, newAccount, newList, putContent } from "../harness/tables.js";
import { until } from "../harness/wait.js";

const author = newAccount();

for (const [version, library] of Object.entries(versions)) {
  // declare declares a test with an open client.
  const declare = (name, body, options) => {
    const opening = open(library, options);
    test(`masto.js ${version} ${name}`, async (t) => {
      const { masto, reader } = await opening;
      t.after(() => masto.close());
      await body(masto, reader);
    });
  };

  declare("gives each of several subscriptions of one socket its own event", async (masto, reader) => {
    const { streams } = masto;
    const list = await newList(reader);
    const listeners = [
      [["user"], await masto.subscribe(streams.user.subscribe())],
      [["public"], await masto.subscribe(streams.public.subscribe())],
      [["public:local"], await masto.subscribe(streams.public.local.subscribe())],
      [["hashtag", "Cats"], await masto.subscribe(streams.hashtag.subscribe({ tag: "Cats" }))],
      [["hashtag:local", "cats"], await masto.subscribe(streams.hashtag.local.subscribe({ tag: "cats" }))],
      [["hashtag", "dogs"], await masto.subscribe(streams.hashtag.subscribe({ tag: "dogs" }))],
      [["list", list], await masto.subscribe(streams.list.subscribe({ list }))],
    ];
    assert.equal(masto.sockets.length, 1);
    const tags = [{ name: "cats" }, { name: "dogs" }];
    await putContent(
      entities.status(await newAccount(), { payload: { tags }, home: new Set([reader.id]), lists: new Set([list]) }),
    );
    for (const [stream, listener] of listeners) assert.deepEqual((await listener.next()).stream, stream);
    const frames = listeners.map(() => masto.frames.take());
    const got = (await Promise.all(frames)).map((frame) => JSON.parse(frame).stream);
    assert.deepEqual(got.sort(), listeners.map(([stream]) => stream).sort());
    assert.deepEqual(masto.frames.rest(), []);
  });

  // Nothing tells a client when its subscription holds, so it cannot wait. What is published
  // while the subscription is still being written may miss it; what is published later may not.
  declare("gets what is published right after it has subscribed, with no wait", async (masto) => {
    const maybe = new Set();
    for (let round = 0; round - maybe.size < 5; round++) {
      assert.ok(round < 100, "the publisher is always faster than the subscription");
      const tag = `round${round}`;
      await masto.listen(masto.streams.hashtag.subscribe({ tag }));
      const item = entities.status(await author, { payload: { tags: [{ name: tag }] } });
      const publish = await published(() => putContent(item));
      const subscribe = (await masto.ended("subscribe")).at(-1);
      if (!follows(publish, subscribe)) {
        maybe.add(tag);
        continue;
      }
      let got = await masto.frames.take();
      while (maybe.has(JSON.parse(got).stream[1])) got = await masto.frames.take();
      assert.equal(got, frame(["hashtag", tag], "update", item.payload));
    }
  });

  declare("shares one subscription between two loops over the same stream", async (masto, reader) => {
    const loops = [
      await masto.subscribe(masto.streams.user.subscribe()),
      await masto.subscribe(masto.streams.user.subscribe()),
    ];
    for (const item of [entities.notification(reader), entities.notification(reader)]) {
      await putContent(item);
      await masto.expect(loops[0], ["user"], "notification", item.payload);
      assert.equal((await loops[1].next()).payload.id, entities.shownID(item));
    }
    assert.deepEqual(masto.frames.rest(), []);
  });

  declare("gets nothing of a stream after it has unsubscribed, and the rest as before", async (masto, reader) => {
    const user = await masto.subscribe(masto.streams.user.subscribe());
    const tag = await masto.subscribe(masto.streams.hashtag.subscribe({ tag: "Cats" }));
    await masto.unsubscribe(tag);
    const item = entities.status(await newAccount(), {
      payload: { tags: [{ name: "cats" }] },
      home: new Set([reader.id]),
    });
    await putContent(item);
    await masto.expect(user, ["user"], "update", item.payload);
    await deleteContent(item);
    await masto.expect(user, ["user"], "delete", entities.shownID(item));
    assert.deepEqual(masto.frames.rest(), []);
    assert.equal(masto.sent().at(-1), '{"type":"unsubscribe","stream":"hashtag","tag":"Cats"}');
  });

  declare("can subscribe again to what it has unsubscribed from, in another spelling", async (masto) => {
    const first = await masto.subscribe(masto.streams.hashtag.subscribe({ tag: "Café" }));
    await masto.unsubscribe(first);
    const second = await masto.subscribe(masto.streams.hashtag.subscribe({ tag: "CAFE" }));
    const item = entities.status(await newAccount(), { payload: { tags: [{ name: "cafe" }] } });
    await putContent(item);
    await masto.expect(second, ["hashtag", "CAFE"], "update", item.payload);
  });

  declare("throws in every subscription of the socket when a list is refused", async (masto) => {
    const user = await masto.subscribe(masto.streams.user.subscribe());
    const others = await newList(await newAccount());
    const list = await masto.listen(masto.streams.list.subscribe({ list: others }));
    for (const listener of [user, list]) await assert.rejects(listener.next(), /Not authorized to stream this list/);
    assert.equal(await masto.frames.take(), '{"error":"Not authorized to stream this list","status":401}');
  });

  declare("comes back after the server has closed the socket, and subscribes again", async (masto, reader) => {
    const listener = await masto.subscribe(masto.streams.user.subscribe());
    await closeConnection(await masto.connection());
    await until(() => masto.sent().length === 2, "the second subscription");
    await masto.ended("subscribe");
    const item = entities.notification(reader);
    await putContent(item);
    await masto.expect(listener, ["user"], "notification", item.payload);
    assert.deepEqual(masto.frames.rest(), []);
    assert.equal(masto.sockets.length, 2);
  });

  declare(
    "opens with its token in the query as well as in the subprotocol",
    async (masto, reader) => {
      const listener = await masto.subscribe(masto.streams.user.subscribe());
      assert.equal(masto.sockets[0].protocol, "");
      assert.match(masto.sockets[0].url, /\/api\/v1\/streaming\?access_token=token-/);
      const item = entities.notification(reader);
      await putContent(item);
      await masto.expect(listener, ["user"], "notification", item.payload);
    },
    { useInsecureAccessToken: true },
  );

  test(`masto.js ${version} is refused with a wrong token`, async (t) => {
    t.mock.method(console, "error", () => {}); // the library prints the whole socket
    const masto = new Masto(library, "wrong", { retry: 1 });
    t.after(() => masto.close());
    await assert.rejects(masto.streams.prepare(), /Failed to connect/);
    assert.equal(masto.sockets.length, 1);
  });
}
