// Makes functions/internal/console/console.png: the console while it is being used.
//
//   npm run screenshot --prefix infra/clients
import { fileURLToPath } from "node:url";
import { chromium, Page } from "../harness/chromium.js";

const file = fileURLToPath(new URL("../../../functions/internal/console/console.png", import.meta.url));

const browser = await chromium();
try {
  const page = await Page.open(browser);
  await page.page.setViewport({ width: 1280, height: 900 });
  await use(page);
  await page.page.screenshot({ path: file });
} finally {
  await browser.close();
}

// use connects as alice, publishes, edits, and sends a notification.
async function use(page) {
  await page.page.click("#streams input[value=public]");
  await page.page.click("#listen button");
  await page.until(() => document.querySelector("#connections .open"));
  await page.page.click("#status button");
  await arrived(page, "update", 2);
  await page.page.click("#statuses li button");
  await arrived(page, "status.update", 2);
  await page.page.click("#send button");
  await arrived(page, "notification", 1);
  await page.evaluate(() => {
    document.activeElement.blur();
    scrollTo(0, 0);
  });
}

function arrived(page, event, n) {
  return page.until(
    (event, n) => [...document.querySelectorAll("#frames b")].filter((b) => b.textContent === event).length >= n,
    event,
    n,
  );
}
