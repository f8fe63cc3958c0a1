// masto.js and the events that are not a status's.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as entities from "../harness/entities.js";
import { open, versions } from "../harness/masto.js";
import { deleteContent, newAccount, putContent } from "../harness/tables.js";

// declare declares a test whose client listens to user.
function declare(name, library, body) {
  const opening = open(library);
  test(name, async (t) => {
    const { masto, reader } = await opening;
    t.after(() => masto.close());
    await body(masto, await masto.subscribe(masto.streams.user.subscribe()), reader);
  });
}

for (const [version, library] of Object.entries(versions)) {
  declare(
    `masto.js ${version} gets an announcement, its change and its removal`,
    library,
    async (masto, listener, reader) => {
      const item = entities.announcement();
      const changed = entities.edited(item);
      await putContent(item);
      await masto.expect(listener, ["user"], "announcement", item.payload);
      await putContent(changed);
      await masto.expect(listener, ["user"], "announcement", changed.payload);
      await deleteContent(item);
      await masto.expect(listener, ["user"], "announcement.delete", entities.shownID(item));
    },
  );

  declare(
    `masto.js ${version} gets a reaction to an announcement, another count, and none`,
    library,
    async (masto, listener, reader) => {
      const item = entities.reaction();
      const more = { ...item, payload: item.payload.replace("20", "30") };
      await putContent(item);
      await masto.expect(listener, ["user"], "announcement.reaction", item.payload);
      await putContent(more);
      await masto.expect(listener, ["user"], "announcement.reaction", more.payload);
      await deleteContent(item);
      const { name, announcement_id } = JSON.parse(item.payload);
      await masto.expect(
        listener,
        ["user"],
        "announcement.reaction",
        JSON.stringify({ name, count: 0, announcement_id }),
      );
    },
  );

  declare(
    `masto.js ${version} is told that filters changed, without a payload, and that notifications were merged`,
    library,
    async (masto, listener, reader) => {
      await putContent(entities.filter(reader));
      await masto.expect(listener, ["user"], "filters_changed", undefined);
      await putContent(entities.merge(reader));
      await masto.expect(listener, ["user"], "notifications_merged", "1");
    },
  );

  declare(`masto.js ${version} gets an event of the application's own`, library, async (masto, listener, reader) => {
    const payload = '{ "said": "anything",\t"n": 1e400 }';
    await putContent(entities.broadcast(reader, "app.event", payload, { stream: "user", account: reader.id }));
    await masto.expect(listener, ["user"], "app.event", payload);
  });

  declare(
    `masto.js ${version} is told of the edit and the removal of a status that mentions the reader`,
    library,
    async (masto, listener, reader) => {
      const author = await newAccount();
      const mention = entities.status(author, {
        payload: { visibility: "private", mentions: [{ id: reader.id, acct: "reader" }] },
      });
      const edit = entities.edited(mention);
      await putContent(mention);
      await putContent(edit);
      await masto.expect(listener, ["user"], "status.update", edit.payload);
      await deleteContent(mention);
      await masto.expect(listener, ["user"], "delete", entities.shownID(mention));
      assert.deepEqual(masto.frames.rest(), []);
    },
  );
}
