// A browser's own WebSocket and EventSource.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, afterEach, before, test } from "node:test";
import { chromium, Page } from "../harness/chromium.js";
import { edgeURL } from "../harness/edgestream.js";
import { Proxy } from "../harness/proxy.js";
import { newAccount, newID, putContent } from "../harness/tables.js";

let browser;
let page;

before(async () => {
  browser = await chromium();
});
after(() => browser?.close());
afterEach(() => page?.page.close());

function notification(account, id) {
  return { owner: account.id, id: `notification#${id}`, kind: "notification", payload: JSON.stringify({ id, text: "line\nbreak \u0000 data: x" }) };
}

// listen opens an EventSource in the page, which keeps what arrives in window.got, and waits until it
// is open.
async function listen(account, query = "") {
  await page.evaluate(
    (url) => {
      window.got ??= [];
      window.opened = 0;
      window.source = new EventSource(url);
      window.positions = 0;
      window.source.onopen = () => window.opened++;
      window.source.addEventListener("edgestream.position", () => window.positions++);
      window.source.addEventListener("notification", (e) => window.got.push({ data: e.data, id: e.lastEventId }));
    },
    `/api/v1/streaming/user/notification?access_token=${account.token}${query}`,
  );
  await page.until(() => window.opened);
}

test("an EventSource gets a notification, byte for byte, and an id", async () => {
  const account = await newAccount();
  page = await Page.open(browser, "/api/v1/streaming/health");
  await listen(account);
  const item = notification(account, newID());
  await putContent(item);
  const [first] = await page.until(() => window.got.length > 0 && window.got);
  assert.equal(first.data, item.payload);
  assert.notEqual(first.id, "");
});

test("an EventSource that is cut comes back by itself, and gets what it missed, once", async (t) => {
  const proxy = await Proxy.start();
  t.after(() => proxy.stop());
  const account = await newAccount();
  page = await Page.open(browser, "/api/v1/streaming/health", proxy.url);
  await listen(account);
  const ids = [newID(), newID(), newID()];
  await putContent(notification(account, ids[0]));
  await page.until(() => window.got.length > 0);
  proxy.cut();
  await putContent(notification(account, ids[1]));
  await page.until(() => window.opened > 1);
  await putContent(notification(account, ids[2]));
  const got = await page.until(() => window.got.length > 2 && window.got);
  assert.deepEqual(got.map(({ data }) => JSON.parse(data).id), ids);
});

test("an EventSource that asks for an id is resumed though nothing had happened", async (t) => {
  const proxy = await Proxy.start();
  t.after(() => proxy.stop());
  const account = await newAccount();
  page = await Page.open(browser, "/api/v1/streaming/health", proxy.url);
  await listen(account, "&event_ids=true");
  await page.until(() => window.positions > 0);
  proxy.cut();
  const item = notification(account, newID());
  await putContent(item);
  const [missed] = await page.until(() => window.got.length > 0 && window.got);
  assert.equal(missed.data, item.payload);
});

// A browser sends Last-Event-ID when it reconnects by itself; a page that does it says it in the URL.
test("a page that opens an EventSource anew gets what it missed, once", async () => {
  const account = await newAccount();
  page = await Page.open(browser, "/api/v1/streaming/health");
  await listen(account);
  const ids = [newID(), newID(), newID()];
  await putContent(notification(account, ids[0]));
  const [first] = await page.until(() => window.got.length > 0 && window.got);
  await page.evaluate(() => window.source.close());
  await putContent(notification(account, ids[1]));
  await listen(account, `&last_event_id=${first.id}`);
  await putContent(notification(account, ids[2]));
  const got = await page.until(() => window.got.length > 2 && window.got);
  assert.deepEqual(got.map(({ data }) => JSON.parse(data).id), ids);
});

test("a token that is refused closes an EventSource for good", async () => {
  page = await Page.open(browser, "/api/v1/streaming/health");
  await page.evaluate(() => {
    window.source = new EventSource("/api/v1/streaming/user?access_token=unknown");
  });
  await page.until(() => window.source.readyState === EventSource.CLOSED);
});

test("another origin may listen, with a header of its own", async (t) => {
  const account = await newAccount();
  const other = createServer((_, response) => response.end("another origin")).listen(0, "localhost");
  t.after(() => (other.closeAllConnections(), other.close()));
  await once(other, "listening");
  page = await Page.open(browser, "", `http://localhost:${other.address().port}`);
  const start = await page.evaluate(
    async (url, token) => {
      const answer = await fetch(url, { headers: { Authorization: `Bearer ${token}`, "Last-Event-ID": "garbage" } });
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      while (!text.includes("\n\n")) text += (await reader.read()).value;
      return [answer.status, answer.headers.get("content-type"), text];
    },
    `${edgeURL}/api/v1/streaming/user`,
    account.token,
  );
  assert.deepEqual(start.slice(0, 2), [200, "text/event-stream"]);
  assert.match(start[2], /^:\)\nretry: 1000\nevent: edgestream.gap\ndata: {"reason":"unknown_id"}\nid: [\w-]+\n\n$/);
});

test("a WebSocket whose token is its subprotocol gets an update", async () => {
  const account = await newAccount();
  page = await Page.open(browser, "/api/v1/streaming/health");
  await page.evaluate((token) => {
    window.got = [];
    const url = `${location.origin.replace("http", "ws")}/api/v1/streaming?stream=user:notification`;
    window.socket = new WebSocket(url, token);
    window.socket.onopen = () => (window.opened = true);
    window.socket.onmessage = ({ data }) => window.got.push(data);
  }, account.token);
  await page.until(() => window.opened);
  assert.equal(await page.evaluate(() => window.socket.protocol), account.token);
  const item = notification(account, newID());
  await putContent(item);
  const [frame] = await page.until(() => window.got.length > 0 && window.got);
  assert.deepEqual(JSON.parse(frame), { stream: ["user:notification"], event: "notification", payload: item.payload });
});
