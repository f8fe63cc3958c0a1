// A real Chromium, driven over its debugging protocol.
import { execFileSync } from "node:child_process";
import puppeteer from "puppeteer-core";
import { edgeURL } from "./edgestream.js";

// chromium starts the browser at CHROMIUM, or the one on PATH. Root needs --no-sandbox; the pages
// are this repository's own.
export function chromium() {
  return puppeteer.launch({
    executablePath: process.env.CHROMIUM || which("chromium"),
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--force-prefers-reduced-motion"],
  });
}

function which(program) {
  return execFileSync("sh", ["-c", `command -v ${program}`]).toString().trim();
}

// Page wraps a page and keeps what went wrong on it.
export class Page {
  errors = [];

  // open opens a page of the edge's, or of what stands before it, once it is prepared.
  static async open(browser, path = "/", base = edgeURL, prepare = () => {}) {
    const page = new Page();
    page.page = await browser.newPage();
    page.page.setDefaultTimeout(30_000);
    page.page.on("pageerror", (error) => page.errors.push(error.message));
    page.page.on("console", (message) => message.type() === "error" && page.errors.push(message.text()));
    await prepare(page.page);
    await page.page.goto(base + path);
    return page;
  }

  // until waits until a function, which runs in the page, answers with something.
  async until(look, ...args) {
    const handle = await this.page.waitForFunction(look, { polling: 20 }, ...args);
    return handle.jsonValue();
  }

  evaluate(run, ...args) {
    return this.page.evaluate(run, ...args);
  }

  async fill(selector, text) {
    await this.page.$eval(selector, (field, value) => (field.value = value), text);
  }
}
