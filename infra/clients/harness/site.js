// A site of its own origin, whose pages load libraries of node_modules.
import { readFileSync } from "node:fs";
import { once } from "node:events";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

const modules = fileURLToPath(new URL("../node_modules/", import.meta.url));

// site serves an empty page at /, and files of node_modules below /; it answers with its URL.
export async function site() {
  const server = createServer((request, response) => {
    if (request.url === "/") return response.setHeader("Content-Type", "text/html").end('<!doctype html><link rel="icon" href="data:,">');
    return response.setHeader("Content-Type", "text/javascript").end(readFileSync(modules + request.url.slice(1)));
  }).listen(0, "localhost");
  server.unref();
  await once(server, "listening");
  return `http://localhost:${server.address().port}`;
}
