// Apps of the Channels protocol: their rows in Accounts, their server, and the endpoints at which
// their clients are authorised. The server is the `pusher` package of npm.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import PusherServer from "pusher";
import { edgeURL } from "./edgestream.js";
import { newID, putAccounts } from "./tables.js";

const { hostname, port } = new URL(edgeURL);

export const edge = { host: hostname, port: Number(port) };

const apps = new Map();

// newApp is an app of its own. What it is given stands in its row.
export async function newApp(row = {}) {
  const app = { id: newID(), key: randomBytes(10).toString("hex"), secret: randomBytes(10).toString("hex") };
  await putApp(app, row);
  await putAccounts({ key: `appkey#${app.key}`, app: app.id });
  app.server = serverOf(app);
  app.endpoint = `${await endpoint()}/${app.id}`;
  apps.set(app.id, app);
  return app;
}

// putApp writes the app's row.
export function putApp({ id, key, secret }, row) {
  return putAccounts({ key: `app#${id}`, appKey: key, secret, enabled: true, clientEvents: true, ...row });
}

// serverOf is the app's server as the package makes it.
export function serverOf({ id, key, secret }) {
  const encryptionMasterKeyBase64 = Buffer.alloc(32, "edgestream").toString("base64");
  return new PusherServer({ appId: id, key, secret, ...edge, useTLS: false, encryptionMasterKeyBase64 });
}

// endpoint starts the server of the applications, which authorises whoever asks: {app}/channel for
// the member that the parameter `member` names, {app}/user for the user of the parameter `user`, both
// JSON, as the documents of the package do it.
let started;
function endpoint() {
  return (started ??= start());
}

async function start() {
  const server = createServer(authorise).listen(0, "127.0.0.1");
  server.unref();
  await once(server, "listening");
  return `http://127.0.0.1:${server.address().port}`;
}

async function authorise(request, response) {
  let body = "";
  for await (const piece of request.setEncoding("utf8")) body += piece;
  const [, id, what] = request.url.split("/");
  const answer = answers[what](apps.get(id).server, new URLSearchParams(body));
  response.writeHead(answer ? 200 : 403, { "Content-Type": "application/json", "Access-Control-Allow-Origin": "*" });
  response.end(answer ? JSON.stringify(answer) : "Forbidden");
}

const answers = {
  channel(server, form) {
    const channel = form.get("channel_name");
    if (channel.endsWith("-forbidden")) return undefined;
    const member = channel.startsWith("presence-") ? JSON.parse(form.get("member")) : undefined;
    return server.authorizeChannel(form.get("socket_id"), channel, member);
  },
  user: (server, form) => server.authenticateUser(form.get("socket_id"), JSON.parse(form.get("user"))),
};
