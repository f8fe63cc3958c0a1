// The npm package eventsource where a response ends as planned. It takes the half minute that a
// response lasts here.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import * as entities from "../harness/entities.js";
import { Source } from "../harness/eventsource.js";
import { newAccount, putContent } from "../harness/tables.js";

test("where a response ends as planned the next one goes on, and nothing is lost", async (t) => {
  const reader = await newAccount();
  const source = new Source(reader, "direct");
  t.after(() => source.end());
  await source.opened();
  const said = [];
  for (let left = 5; left > 0; await setTimeout(200)) { // events on their way at every moment, the end's too
    said.push(entities.conversation(reader));
    await putContent(said.at(-1));
    if (source.asked.length > 1) left--;
    assert.ok(said.length < 900, "the response does not end");
  }
  for (const item of said) assert.equal((await source.got.take()).data, item.payload);
  assert.equal(source.asked.length, 2);
  assert.notEqual(source.asked[1], null);
});
