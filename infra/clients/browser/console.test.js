// The console page at the edge's /, as a person uses it.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { chromium, Page } from "../harness/chromium.js";
import { edgeURL } from "../harness/edgestream.js";
import { notification } from "../harness/entities.js";
import { Proxy } from "../harness/proxy.js";
import { newAccount, newID, putContent } from "../harness/tables.js";

// demoApp is the app whose key the page suggests.
const demoApp = "4072";

let browser;
let page;

before(async () => {
  browser = await chromium();
});
after(() => browser?.close());
afterEach(async () => {
  const errors = page?.errors ?? [];
  await page?.page.close();
  assert.deepEqual(errors, [], "errors on the page");
});

// open shows the console to an account.
async function open(account, base) {
  page = await Page.open(browser, "/", base);
  await page.fill("#token", account.token);
  await page.fill("#home", account.id);
  await page.fill("#to", account.id);
}

async function connect(transport, ...streams) {
  await page.evaluate((wanted) => {
    for (const box of document.querySelectorAll("#streams input")) box.checked = wanted.includes(box.value);
  }, streams);
  await page.page.click(`input[value=${transport}]`);
  await page.page.click("#listen button");
  await page.until((n) => document.querySelectorAll("#connections .open").length >= n, 1);
}

// join subscribes to a channel in one more connection, and answers with that one's number.
async function join(channel) {
  const before = await page.evaluate(() => document.querySelectorAll("#connections .open").length);
  await page.page.click("input[value=channels]");
  await page.fill("#channel", channel);
  await page.page.click("#listen button");
  await page.until((n) => document.querySelectorAll("#connections .open").length > n, before);
  return page.evaluate(() => document.querySelector("#connections tr:last-child td").textContent.split(" ")[0]);
}

// members waits until connection number n knows these members of its channel.
function members(n, ...accounts) {
  return page.until(
    (n, wanted) =>
      [...document.querySelectorAll("#subscribed ul")].some(
        (list) =>
          list.getAttribute("aria-label").includes(`connection ${n} `) &&
          [...list.children].map((line) => line.textContent).sort().join() === wanted,
      ),
    n,
    accounts.sort().join(),
  );
}

// arrived waits for a frame of an event, and answers with its line.
function arrived(event, n = 1) {
  return page.until(
    (event, n) => {
      const found = [...document.querySelectorAll("#frames li")].filter((line) => line.querySelector("b").textContent === event);
      return found.length >= n && found[0].querySelector(".what").textContent;
    },
    event,
    n,
  );
}

for (const transport of ["websocket", "sse"]) {
  test(`a status is published, edited and deleted over ${transport}`, async () => {
    await open(await newAccount());
    await connect(transport, "user");
    // Without an acknowledgement, a subscription over an open socket holds a moment later.
    await page.until(async () => {
      if (document.querySelector("#frames li")) return true;
      document.querySelector("#status button").click();
      await new Promise((resolve) => setTimeout(resolve, 500));
      return document.querySelector("#frames li");
    });
    assert.match(await arrived("update"), /\d+ ms/);
    await page.page.click("#statuses li button");
    await arrived("status.update");
    await page.page.click("#statuses li button:nth-of-type(2)");
    await arrived("delete");
  });
}

test("a notification and an announcement are sent", async () => {
  await open(await newAccount());
  await connect("sse", "user", "user:notification");
  await page.until(() => document.querySelectorAll("#connections .open").length === 2);
  await page.page.click("#send button");
  await arrived("notification", 2);
  await page.page.select("#kind", "announcement");
  await page.page.click("#send button");
  await arrived("announcement");
});

test("a socket with ids that is cut comes back by itself, and shows what it missed, once", async (t) => {
  const proxy = await Proxy.start();
  t.after(() => proxy.stop());
  const account = await newAccount();
  await open(account, proxy.url);
  await page.page.click("#event-ids");
  await connect("websocket", "user:notification");
  await arrived("edgestream.position");
  proxy.cut();
  await page.until(() => !document.querySelector("#connections .open"));
  await putContent(notification(account));
  await page.until(() => document.querySelector("#connections .open"));
  await arrived("notification");
  await putContent(notification(account));
  await arrived("notification", 2);
  const shown = await page.page.$$eval("#frames b", (events) => events.filter((b) => b.textContent === "notification").length);
  assert.equal(shown, 2);
});

for (const transport of ["websocket", "sse"]) {
  test(`a token is revoked, and its ${transport} connection closes`, async () => {
    await open(await newAccount());
    const mine = await page.page.$eval("#token", (field) => field.value);
    await page.page.click("#new-token");
    await page.until((mine) => document.querySelector("#token").value !== mine, mine);
    await connect(transport, "user");
    await page.page.click("#revoke");
    await page.until(() => document.querySelectorAll("#connections .closed").length === 1);
    page.errors = page.errors.filter((text) => !text.includes("401")); // an EventSource that comes back is refused
  });
}

test("an item is created, renamed and deleted, and the account's channel shows it", async () => {
  const account = await newAccount({ row: { app: demoApp } });
  await open(account);
  await join("private-items_{account}");
  assert.match(await page.page.$eval("#subscribed", (all) => all.textContent), new RegExp(`private-items_${account.id}Socket \\d+\\.\\d+`));
  await page.page.click("#item button");
  assert.match(await arrived("create"), /\d+ ms/);
  await page.page.click("#items li button");
  await arrived("update");
  await page.page.click("#items li button:nth-of-type(2)");
  await arrived("delete");
  const names = await page.page.$$eval("#frames pre", (payloads) => payloads.map((pre) => JSON.parse(pre.textContent).name).filter(Boolean));
  assert.deepEqual(names, ["Console item (renamed)", "Console item (renamed)", "Console item"]);
});

test("members of a presence channel come and go, and hear each other", async () => {
  const [one, other] = [await newAccount(), await newAccount()];
  const channel = `presence-test-${newID()}`;
  await open(one);
  const first = await join(channel);
  await members(first, one.id);
  await page.fill("#token", other.token);
  const second = await join(channel);
  await members(first, one.id, other.id);
  await members(second, one.id, other.id);

  await page.page.select("#on", first);
  await page.page.click("#event button[value=client]");
  const heard = await arrived("client-hello");
  assert.match(heard, new RegExp(`#${second}.*from ${one.id}.*\\d+ ms`));
  await page.page.click("#event button[value=server]");
  await arrived("hello", 2);
  const clients = await page.page.$$eval("#frames b", (events) => events.filter((b) => b.textContent === "client-hello").length);
  assert.equal(clients, 1, "a client event came back to its sender");

  await page.page.click(`[aria-label="Close connection ${second}"]`);
  await members(first, one.id);
  await arrived("pusher_internal:member_removed");
});

test("a public channel, and a cache channel with what it has kept", async () => {
  await open(await newAccount());
  const name = `test-${newID()}`;
  await join(name);
  await page.page.click("#event button[value=server]");
  assert.match(await arrived("hello"), /\d+ ms/);
  await page.page.select("#on", await join(`cache-${name}`));
  await arrived("pusher:cache_miss");
  await page.page.click("#event button[value=server]");
  await arrived("hello", 2);
  await join(`cache-${name}`);
  await arrived("hello", 3);
});

test("a channel that is another's is not signed for, and an app that is none is not tried again", async () => {
  await open(await newAccount());
  const row = (n) => page.until((n) => document.querySelectorAll("#connections .closed")[n]?.textContent, n);
  const connect = async (channel) => {
    await page.page.click("input[value=channels]");
    await page.fill("#channel", channel);
    await page.page.click("#listen button");
  };
  await connect("private-items_1");
  assert.equal(await row(0), "not signed for");
  assert.equal(await page.page.$eval("#said", (said) => said.textContent), "the channel is another account's");
  await page.fill("#key", "unknown");
  await connect("hello");
  assert.match(await row(1), /^closed/);
  await arrived("pusher:error");
  page.errors = page.errors.filter((text) => !text.includes("403"));
});

test("a channel whose socket is cut is subscribed to again", async (t) => {
  const proxy = await Proxy.start();
  t.after(() => proxy.stop());
  const account = await newAccount();
  await open(account, proxy.url);
  const n = await join(`presence-test-${newID()}`);
  proxy.cut();
  await page.until(() => !document.querySelector("#connections .open"));
  await page.until(() => document.querySelector("#connections .open"));
  await members(n, account.id);
});

// offered are the transports and forms that a stack with these protocols shows, and what is chosen.
async function offered(protocols) {
  page = await Page.open(browser, "/", edgeURL, async (opened) => {
    await opened.setRequestInterception(true);
    opened.on("request", async (request) => {
      if (new URL(request.url()).pathname !== "/") return request.continue();
      const html = await (await fetch(request.url())).text();
      return request.respond({ contentType: "text/html", body: html.replace('data-protocols="both"', `data-protocols="${protocols}"`) });
    });
  });
  const shown = await page.page.$$eval("input[name=transport], #of-streams, #of-channels, form, #channels-heading", (all) =>
    all.filter((part) => part.checkVisibility()).map((part) => part.value ?? part.id),
  );
  return { shown, chosen: await page.page.$eval("input[name=transport]:checked", (choice) => choice.value) };
}

test("a stack with one protocol offers that alone", async () => {
  const mastodon = { shown: ["listen", "websocket", "sse", "of-streams", "status", "send"], chosen: "websocket" };
  assert.deepEqual(await offered("mastodon"), mastodon);
  await page.page.close();
  const pusher = { shown: ["listen", "channels", "of-channels", "item", "channels-heading"], chosen: "channels" };
  assert.deepEqual(await offered("pusher"), pusher);
});

test("what is refused is said", async () => {
  await open({ id: "1", token: "unknown" });
  await page.page.click("#send button");
  await page.until(() => document.querySelector("#said").textContent === "Invalid access token");
  page.errors = [];
});

// nameless are the fields and buttons of the page that have no name.
function nameless() {
  return page.evaluate(() =>
    [...document.querySelectorAll("input, select, textarea, button")]
      .filter((field) => !(field.labels?.length || field.textContent.trim() || field.getAttribute("aria-label")))
      .map((field) => field.outerHTML),
  );
}

// reached are the ids, or the texts, of what the Tab key leads to.
async function reached() {
  const all = new Set();
  for (let n = 0; n < 60; n++) {
    await page.page.keyboard.press("Tab");
    all.add(await page.evaluate(() => document.activeElement.id || document.activeElement.textContent));
  }
  return all;
}

test("everything has a name, and can be reached by keyboard", async () => {
  await open(await newAccount());
  assert.deepEqual(await nameless(), []);
  assert.ok(JSON.stringify(await page.page.accessibility.snapshot()).includes("Frames"));
  const all = await reached();
  for (const id of ["token", "tag", "list", "event-ids", "Connect", "text", "visibility", "home", "Publish", "item-name", "Create", "kind", "to", "Send", "new-token", "revoke", "clear"]) {
    assert.ok(all.has(id), `${id} is not reached by Tab`);
  }
});

test("everything of a channel has a name, and can be reached by keyboard", async () => {
  await open(await newAccount());
  await join(`presence-test-${newID()}`);
  assert.deepEqual(await nameless(), []);
  assert.match(JSON.stringify(await page.page.accessibility.snapshot()), /#1 presence-test-\d+: 1 here/);
  const all = await reached();
  for (const id of ["key", "channel", "Connect", "on", "event-name", "data", "Publish event", "Send client event"]) {
    assert.ok(all.has(id), `${id} is not reached by Tab`);
  }
  assert.ok(!all.has("tag"), "a stream's field is there for a channel");
});

for (const scheme of ["light", "dark"]) {
  test(`it fits a phone and can be read, ${scheme}`, async () => {
    page = await Page.open(browser);
    await page.page.emulateMediaFeatures([
      { name: "prefers-color-scheme", value: scheme },
      { name: "prefers-reduced-motion", value: "reduce" },
    ]);
    await page.page.setViewport({ width: 360, height: 740, isMobile: true, hasTouch: true }); // loads it again
    await page.fill("#token", (await newAccount()).token);
    await readable();
    await join(`presence-test-${newID()}-${"with-a-long-name-".repeat(6)}`);
    await readable();
    await page.page.tap("#item button");
    await page.until(() => document.querySelector("#items li"));
    await readable();
  });
}

// readable looks at the page as it is now: nothing is wider than a phone, and all text stands out.
async function readable() {
  const { wide, contrasts } = await page.evaluate(() => {
    const channel = (c) => ((c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    const light = (color) => {
      const [r, g, b] = color.match(/[\d.]+/g).map(Number);
      return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
    };
    const behind = (node) => {
      for (let n = node; n; n = n.parentElement) {
        const color = getComputedStyle(n).backgroundColor;
        if (!color.endsWith(", 0)") && color !== "transparent") return color;
      }
      return "rgb(255, 255, 255)";
    };
    const contrasts = [...document.querySelectorAll("h1, h2, h3, p, li, td, label, legend, button, input, select, textarea")].map((node) => {
      const [a, b] = [light(getComputedStyle(node).color), light(behind(node))].sort((x, y) => y - x);
      return [(a + 0.05) / (b + 0.05), node.outerHTML.slice(0, 60)];
    });
    return { wide: document.documentElement.scrollWidth, contrasts };
  });
  assert.ok(wide <= 360, `the page is ${wide} pixels wide`);
  for (const [ratio, node] of contrasts) assert.ok(ratio >= 4.5, `contrast ${ratio.toFixed(1)} of ${node}`);
}
