// Makes functions/internal/console/console.png: the console while it is being used.
//
//   npm run screenshot --prefix infra/clients
import { fileURLToPath } from "node:url";
import { chromium, Page } from "../harness/chromium.js";

const file = fileURLToPath(new URL("../../../functions/internal/console/console.png", import.meta.url));

const browser = await chromium();
try {
  const page = await Page.open(browser);
  await page.page.setViewport({ width: 1280, height: 1250 });
  await use(page);
  await page.page.screenshot({ path: file });
} finally {
  await browser.close();
}

// use connects as alice, publishes and edits a status, and meets bob on a channel.
async function use(page) {
  await page.page.click("#streams input[value=public]");
  await page.page.click("#listen button");
  await open(page, 1);
  await page.page.click("#status button");
  await arrived(page, "update", 2);
  await page.page.click("#statuses li button");
  await arrived(page, "status.update", 2);
  await page.page.click("input[value=channels]");
  for (const [n, token] of ["alice", "bob"].entries()) {
    await page.fill("#token", token);
    await page.page.click("#listen button");
    await open(page, 2 + n);
  }
  await page.page.select("#on", "2");
  await page.page.click("#event button[value=client]");
  await arrived(page, "client-hello", 1);
  await page.evaluate(() => {
    document.activeElement.blur();
    scrollTo(0, 0);
  });
}

// open waits until that many connections are open.
function open(page, n) {
  return page.until((n) => document.querySelectorAll("#connections .open").length === n, n);
}

function arrived(page, event, n) {
  return page.until(
    (event, n) => [...document.querySelectorAll("#frames b")].filter((b) => b.textContent === event).length >= n,
    event,
    n,
  );
}
