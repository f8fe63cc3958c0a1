// The console page at the edge's /, as a person uses it.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { chromium, Page } from "../harness/chromium.js";
import { notification } from "../harness/entities.js";
import { Proxy } from "../harness/proxy.js";
import { newAccount, putContent } from "../harness/tables.js";

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

test("an item is written", async () => {
  await open(await newAccount());
  await page.page.select("#kind", "item");
  await page.page.click("#send button");
  await page.until(() => document.querySelector("#said").textContent.startsWith("Sent item"));
});

test("what is refused is said", async () => {
  await open({ id: "1", token: "unknown" });
  await page.page.click("#send button");
  await page.until(() => document.querySelector("#said").textContent === "Invalid access token");
  page.errors = [];
});

test("everything has a name, and can be reached by keyboard", async () => {
  await open(await newAccount());
  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll("input, select, textarea, button")]
      .filter((field) => !(field.labels?.length || field.textContent.trim() || field.getAttribute("aria-label")))
      .map((field) => field.outerHTML),
  );
  assert.deepEqual(nameless, []);
  const tree = await page.page.accessibility.snapshot();
  assert.ok(JSON.stringify(tree).includes("Frames"));
  const reached = new Set();
  for (let n = 0; n < 40; n++) {
    await page.page.keyboard.press("Tab");
    reached.add(await page.evaluate(() => document.activeElement.id || document.activeElement.textContent));
  }
  for (const id of ["token", "tag", "list", "event-ids", "Connect", "text", "visibility", "home", "Publish", "kind", "to", "Send", "new-token", "revoke", "clear"]) {
    assert.ok(reached.has(id), `${id} is not reached by Tab`);
  }
});

for (const scheme of ["light", "dark"]) {
  test(`it fits a phone and can be read, ${scheme}`, async () => {
    page = await Page.open(browser);
    await page.page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await page.page.setViewport({ width: 360, height: 740, isMobile: true, hasTouch: true });
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
      const contrasts = [...document.querySelectorAll("h1, h2, p, label, legend, button, input, select, textarea")].map((node) => {
        const [a, b] = [light(getComputedStyle(node).color), light(behind(node))].sort((x, y) => y - x);
        return [(a + 0.05) / (b + 0.05), node.outerHTML.slice(0, 60)];
      });
      return { wide: document.documentElement.scrollWidth, contrasts };
    });
    assert.ok(wide <= 360, `the page is ${wide} pixels wide`);
    for (const [ratio, node] of contrasts) assert.ok(ratio >= 4.5, `contrast ${ratio.toFixed(1)} of ${node}`);
  });
}
