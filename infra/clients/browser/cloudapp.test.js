// CloudApp's Stream Items in Chromium: the document's own JavaScript with the oldest pusher-js of npm,
// and the same in today's spelling.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { edge, newApp } from "../harness/app.js";
import { chromium, Page } from "../harness/chromium.js";
import { asked, entry, newOwner, stored } from "../harness/cloudapp.js";
import { edgeURL } from "../harness/edgestream.js";
import { site } from "../harness/site.js";
import { deleteContent, putContent } from "../harness/tables.js";

const app = await newApp();
let browser, base, page, asides;

before(async () => {
  [browser, base] = [await chromium(), await site()];
});
after(() => browser?.close());
afterEach(async () => {
  await page.page.close();
  assert.deepEqual(page.errors, [], "errors on the page");
  // The old library sends statistics to Pusher; a fallback would go there too.
  assert.deepEqual(asides.filter((url) => !url.includes("//stats.pusher.com/")), [], "requests to elsewhere");
});

// Each: the file, and how a page listens; EVENT is called with what it hears.
const spellings = {
  "pusher-js 3.0.0, as the document says it": [
    "/pusher-js-3/dist/pusher.js",
    (account, host, port) => {
      Pusher.host = host;
      Pusher.ws_port = port;

      Pusher.channel_auth_transport = "jsonp";
      Pusher.channel_auth_endpoint = account.socket.auth_url;
      var itemsChannel = new Pusher(account.socket.api_key).subscribe(account.socket.channels.items);
      itemsChannel.bind("create", function (data) { window.heard("create", data); });
      itemsChannel.bind("update", function (data) { window.heard("update", data); });
      itemsChannel.bind("delete", function (data) { window.heard("delete", data); });
      window.itemsChannel = itemsChannel;
    },
  ],
  "pusher-js 8.6.0, as it is said today": [
    "/pusher-js/dist/web/pusher.js",
    (account, host, port) => {
      const pusher = new Pusher(account.socket.api_key, {
        cluster: "local",
        wsHost: host,
        wsPort: port,
        forceTLS: false,
        enabledTransports: ["ws", "wss"],
        channelAuthorization: { transport: "jsonp", endpoint: account.socket.auth_url },
      });
      window.itemsChannel = pusher.subscribe(account.socket.channels.items);
      for (const event of ["create", "update", "delete"]) window.itemsChannel.bind(event, (data) => window.heard(event, data));
    },
  ],
};

// open shows a page that has asked for its account, and runs what listens.
async function open(owner, [file, listen], { channel } = {}) {
  page = await Page.open(browser, "/", base);
  asides = [];
  await page.page.setRequestInterception(true);
  page.page.on("request", (request) => {
    const { hostname } = new URL(request.url());
    if (hostname === "localhost" || hostname === edge.host) return request.continue();
    asides.push(request.url());
    return request.respond({ status: 200, body: "" });
  });
  await page.page.addScriptTag({ url: file });
  const account = await page.evaluate(
    async (url, token) => {
      window.events = [];
      window.heard = (event, data) => window.events.push([event, data]);
      return (await fetch(`${url}/account`, { headers: { Authorization: `Bearer ${token}` } })).json();
    },
    edgeURL,
    owner.token,
  );
  if (channel) account.socket.channels.items = channel;
  await page.evaluate(listen, account, edge.host, edge.port);
}

function subscribed() {
  return page.until(() => window.itemsChannel.subscribed);
}

async function expect(n, event, data) {
  const events = await page.until((n) => window.events.length >= n && window.events, n);
  assert.deepEqual(events.slice(n - 1), [[event, data]]);
}

for (const [what, spelling] of Object.entries(spellings)) {
  test(`${what}: create, update and delete of the API`, async () => {
    const owner = await newOwner(app);
    await open(owner, spelling);
    await subscribed();
    const made = await asked(owner, "POST", "/items", { item: { name: "CloudApp é", redirect_url: "http://getcloudapp.com" } });
    await expect(1, "create", (await asked(owner, "GET", "/items"))[0]);
    const path = new URL(made.href).pathname;
    await asked(owner, "PUT", path, { item: { name: "Renamed" } });
    await expect(2, "update", (await asked(owner, "GET", "/items"))[0]);
    await asked(owner, "DELETE", path);
    await expect(3, "delete", (await asked(owner, "GET", "/items?deleted=true"))[0]);
  });

  test(`${what}: create, update and delete of what is written into Content`, async () => {
    const owner = await newOwner(app);
    await open(owner, spelling);
    await subscribed();
    const item = entry();
    await putContent(stored(owner, item));
    await expect(1, "create", (await asked(owner, "GET", "/items"))[0]);
    const seen = { ...item, view_counter: 7 };
    await putContent(stored(owner, seen));
    await expect(2, "update", (await asked(owner, "GET", "/items"))[0]);
    await deleteContent(stored(owner, seen));
    await expect(3, "delete", seen);
  });

  test(`${what}: another account's channel ends in subscription_error`, async () => {
    const [owner, other] = [await newOwner(app), await newOwner(app)];
    await open(owner, [spelling[0], spelling[1]], { channel: other.channel });
    await page.evaluate(() => window.itemsChannel.bind("pusher:subscription_error", () => (window.refused = true)));
    await page.until(() => window.refused);
  });
}
