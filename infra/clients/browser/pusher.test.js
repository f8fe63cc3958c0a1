// pusher-js 8.6.0 in its build for browsers, in Chromium, on a site of another origin.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { newApp } from "../harness/app.js";
import { chromium, Page } from "../harness/chromium.js";
import { name, options } from "../harness/channels.js";
import { Proxy } from "../harness/proxy.js";
import { site } from "../harness/site.js";

const app = await newApp();
const member = (id) => ({ member: { user_id: id, user_info: { name: id } } });
const pages = [];
let browser, base;

before(async () => {
  [browser, base] = [await chromium(), await site()];
});
after(() => browser?.close());
afterEach(async () => {
  const errors = pages.flatMap((page) => page.errors);
  for (const { page } of pages.splice(0)) await page.close();
  assert.deepEqual(errors, [], "errors on the page");
});

// open connects a page, with every transport that the library has; what it hears stands in window.heard.
async function open(more) {
  const page = await Page.open(browser, "/", base);
  pages.push(page);
  await page.page.addScriptTag({ url: "/pusher-js/dist/web/pusher-with-encryption.js" });
  await page.evaluate(
    (key, options) => {
      window.heard = [];
      window.states = [];
      window.pusher = new Pusher(key, options);
      pusher.connection.bind("state_change", ({ current }) => window.states.push(current));
      window.listen = (name) => {
        const channel = pusher.subscribe(name);
        channel.bind_global((event, data) => window.heard.push([channel.name, event, data]));
      };
    },
    app.key,
    { ...options(app, more), enabledTransports: ["ws", "wss"] },
  );
  await page.until(() => window.pusher.connection.state === "connected");
  return page;
}

async function subscribe(page, channel) {
  await page.evaluate((channel) => window.listen(channel), channel);
  await page.until((channel) => window.pusher.channel(channel).subscribed, channel);
}

// heard waits until the page has heard so many events of a channel.
function heard(page, channel, event, n = 1) {
  return page.until(
    (channel, event, n) => {
      const found = window.heard.filter(([at, what]) => at === channel && what === event).map(([, , data]) => data);
      return found.length >= n && found;
    },
    channel,
    event,
    n,
  );
}

test("it connects once, over its first socket", async () => {
  const page = await open();
  assert.deepEqual(await page.evaluate(() => window.states), ["connected"]); // it begins with connecting
  assert.equal(await page.evaluate(() => window.pusher.connection.connection.transport.name), "ws");
});

for (const type of ["", "private-", "private-encrypted-", "cache-", "presence-"]) {
  test(`${type || "public"}: what is published arrives`, async () => {
    const page = await open(member("1"));
    const channel = name(type);
    await subscribe(page, channel);
    if (type === "cache-") await heard(page, channel, "pusher:cache_miss");
    await app.server.trigger(channel, "said", { text: "é 日本語 <&>" });
    assert.deepEqual(await heard(page, channel, "said"), [{ text: "é 日本語 <&>" }]);
  });
}

test("two tabs of a user are one member; another joins, speaks and leaves by closing its page", async () => {
  const channel = name("presence-");
  const tabs = [await open(member("1")), await open(member("1"))];
  for (const tab of tabs) await subscribe(tab, channel);
  const other = await open(member("2"));
  await subscribe(other, channel);
  for (const tab of tabs) {
    await heard(tab, channel, "pusher:member_added");
    assert.equal(await tab.evaluate((channel) => window.pusher.channel(channel).members.count, channel), 2);
  }
  await other.evaluate((channel) => window.pusher.channel(channel).trigger("client-typing", { on: true }), channel);
  for (const tab of tabs) assert.deepEqual(await heard(tab, channel, "client-typing"), [{ on: true }]);
  await other.page.close({ runBeforeUnload: false });
  pages.splice(pages.indexOf(other), 1);
  for (const tab of tabs) assert.deepEqual(await heard(tab, channel, "pusher:member_removed"), [{ id: "2", info: { name: "2" } }]);
});

test("a user signs in, and hears what is sent to it", async () => {
  const page = await open({ user: { id: "browser-user", watchlist: ["nobody"] } });
  await page.evaluate(() => {
    window.pusher.user.bind("greeting", (data) => window.heard.push(["user", "greeting", data]));
    window.pusher.signin();
  });
  await page.until(() => window.pusher.user.serverToUserChannel?.subscribed);
  await app.server.sendToUser("browser-user", "greeting", { hello: 1 });
  assert.deepEqual(await heard(page, "user", "greeting"), [{ hello: 1 }]);
});

test("a page that is cut off comes back by itself", async (t) => {
  const proxy = await Proxy.start();
  t.after(() => proxy.stop());
  const page = await open({ wsPort: Number(new URL(proxy.url).port) });
  const channel = name();
  await subscribe(page, channel);
  proxy.cut();
  await page.until(() => window.states.length > 1);
  await page.until((channel) => window.pusher.channel(channel).subscribed, channel);
  await app.server.trigger(channel, "said", 1);
  assert.deepEqual(await heard(page, channel, "said"), [1]);
  page.errors = page.errors.filter((text) => !text.includes("WebSocket"));
});

test("an app key that nobody has makes it stop for good", async () => {
  const page = await open();
  await page.evaluate((options) => {
    window.errors = [];
    window.second = new Pusher("nobody", options);
    window.second.connection.bind("error", ({ error }) => window.errors.push(error));
  }, { ...options(app), enabledTransports: ["ws", "wss"] });
  await page.until(() => window.second.connection.state === "disconnected");
  assert.equal((await page.evaluate(() => window.errors))[0].data.code, 4001);
});
