// CloudApp's account and items, and what pusher-js hears of them.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { newApp } from "../harness/app.js";
import { closeClients, open } from "../harness/channels.js";
import { asked, call, entry, newOwner, stored } from "../harness/cloudapp.js";
import { edgeURL } from "../harness/edgestream.js";
import { deleteContent, newAccount, putContent, removeToken } from "../harness/tables.js";

const app = await newApp();

afterEach(closeClients);

// listen subscribes to the account's items as its page does.
async function listen(owner) {
  const { socket } = await asked(owner, "GET", "/account");
  const client = await open(app, { channelAuthorization: { endpoint: socket.auth_url } });
  return client.subscribe(socket.channels.items);
}

const bookmark = { item: { name: "CloudApp", redirect_url: "http://getcloudapp.com/?a=1&b=é" } };

test("the account: its socket, its profile, and nothing else of its row", async () => {
  const owner = await newOwner(app, { profile: { email: "a@example.org", subscribed: true, alpha: null } });
  const { headers, text } = await call(owner, "GET", "/account");
  const account = JSON.parse(text);
  const { auth_url, ...socket } = account.socket;
  assert.equal(String(BigInt(/"id":"?(\d+)/.exec(text)[1])), owner.id);
  delete account.id;
  assert.deepEqual(account, { email: "a@example.org", subscribed: true, alpha: null, socket: { auth_url, ...socket } });
  assert.deepEqual(socket, { api_key: app.key, app_id: app.id, channels: { items: owner.channel } });
  const url = new URL(auth_url);
  assert.deepEqual([url.origin, url.search, url.hash], [edgeURL, "", ""]);
  assert.deepEqual([headers.get("cache-control"), headers.get("referrer-policy"), headers.get("set-cookie")], ["no-store", "no-referrer", null]);
  assert.equal(headers.get("access-control-allow-origin"), "*");
});

test("an item's life: what is heard is what the list shows", async () => {
  const owner = await newOwner(app);
  const channel = await listen(owner);
  const listed = async (query = "") => (await asked(owner, "GET", `/items${query}`))[0];
  const made = await asked(owner, "POST", "/items", bookmark);
  assert.deepEqual(Object.keys(made), Object.keys(entry()));
  await channel.expect(["create", made]);
  assert.deepEqual(await listed(), made);
  const path = new URL(made.href).pathname;
  const renamed = await asked(owner, "PUT", path, { item: { name: "Renamed 日本語" } });
  assert.equal(renamed.name, "Renamed 日本語");
  await channel.expect(["update", renamed]);
  assert.deepEqual(await listed(), renamed);
  const trashed = await asked(owner, "DELETE", path);
  await channel.expect(["delete", trashed]);
  assert.deepEqual([await listed(), await listed("?deleted=true")], [undefined, trashed]);
  const recovered = await asked(owner, "PUT", path, { deleted: true, item: { deleted_at: null } });
  await channel.expect(["create", recovered]);
  assert.deepEqual(recovered, { ...renamed, updated_at: recovered.updated_at });
  assert.deepEqual(await asked(owner, "GET", path), recovered);
});

test("an item that is written straight into Content does the same", async () => {
  const owner = await newOwner(app);
  const channel = await listen(owner);
  const item = entry();
  await putContent(stored(owner, item));
  await channel.expect(["create", item]);
  assert.deepEqual(await asked(owner, "GET", "/items"), [item]);
  const seen = { ...item, view_counter: 1 };
  await putContent(stored(owner, seen));
  await channel.expect(["update", seen]);
  await putContent(stored(owner, seen)); // shows nothing new
  const trashed = { ...seen, deleted_at: "2026-01-02T03:04:05Z" };
  await putContent(stored(owner, trashed));
  await channel.expect(["delete", trashed]);
  await deleteContent(stored(owner, trashed)); // was told already
  const other = entry();
  await putContent(stored(owner, other));
  await channel.expect(["create", other]);
  await deleteContent(stored(owner, other));
  await channel.expect(["delete", other]);
});

test("an item reaches its owner alone, and the app that it names", async () => {
  const [owner, other] = [await newOwner(app), await newOwner(app)];
  const [own, others] = [await listen(owner), await listen(other)];
  const item = entry();
  await putContent(stored(owner, item));
  await own.expect(["create", item]);
  await others.silent(app);
  const elsewhere = await newApp();
  const client = await open(elsewhere);
  const there = await client.subscribe(owner.channel);
  const named = entry();
  await putContent({ ...stored(owner, named), app: elsewhere.id });
  await there.expect(["create", named]);
  await own.silent(app);
});

test("the list has pages, types and a trash", async () => {
  const owner = await newOwner(app);
  const made = [];
  for (const name of ["a", "b", "c"]) made.unshift(await asked(owner, "POST", "/items", { item: { name, redirect_url: "http://example.org" } }));
  const names = async (query) => (await asked(owner, "GET", `/items?${query}`)).map((item) => item.name);
  assert.deepEqual(await names(""), ["c", "b", "a"]);
  assert.deepEqual(await names("page=2&per_page=2"), ["a"]);
  assert.deepEqual(await names("type=bookmark&per_page=1"), ["c"]);
  assert.deepEqual(await names("type=image"), []);
  await asked(owner, "DELETE", new URL(made[1].href).pathname);
  assert.deepEqual([await names(""), await names("deleted=true")], [["c", "a"], ["b"]]);
});

// authorise asks the URL as pusher-js does, over ajax.
async function authorise(url, form) {
  const answer = await fetch(url, { method: "POST", body: new URLSearchParams(form) });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

test("auth_url signs the account's own channel, and no other", async () => {
  const [owner, other] = [await newOwner(app), await newOwner(app)];
  const { auth_url } = (await asked(owner, "GET", "/account")).socket;
  const own = await authorise(auth_url, { socket_id: "1.2", channel_name: owner.channel });
  assert.deepEqual([own.status, JSON.parse(own.text)], [200, app.server.authorizeChannel("1.2", owner.channel)]);
  assert.deepEqual([own.headers.get("cache-control"), own.headers.get("access-control-allow-origin")], ["no-store", "*"]);
  for (const channel_name of [other.channel, "presence-x", "private-x", `${owner.channel}1`, ""]) {
    assert.equal((await authorise(auth_url, { socket_id: "1.2", channel_name })).status, 403, channel_name);
  }
  for (const socket_id of ["", "1", "1.2:x", "1.2::user::{}"]) {
    assert.equal((await authorise(auth_url, { socket_id, channel_name: owner.channel })).status, 400, socket_id);
  }
  assert.equal((await authorise(`${auth_url.slice(0, -2)}AA`, { socket_id: "1.2", channel_name: owner.channel })).status, 403);
});

test("auth_url answers scripts with clean callbacks alone", async () => {
  const [owner, other] = [await newOwner(app), await newOwner(app)];
  const { auth_url } = (await asked(owner, "GET", "/account")).socket;
  const script = async (callback, channel_name = owner.channel) => {
    const answer = await fetch(`${auth_url}?${new URLSearchParams({ callback, socket_id: "1.2", channel_name })}`);
    return { status: answer.status, kind: answer.headers.get("content-type"), sniff: answer.headers.get("x-content-type-options"), text: await answer.text() };
  };
  const signed = JSON.stringify(app.server.authorizeChannel("1.2", owner.channel));
  const good = { status: 200, kind: "application/javascript", sniff: "nosniff" };
  for (const name of ["1", owner.channel]) {
    const callback = `Pusher.auth_callbacks['${name}']`;
    assert.deepEqual(await script(callback), { ...good, text: `${callback}(${signed});` });
    assert.deepEqual(await script(callback, other.channel), { ...good, text: `${callback}({});` });
  }
  for (const callback of ["", "alert", "alert(1)//", "Pusher.auth_callbacks['a']['b']", "Pusher.auth_callbacks['\\x27']", "Pusher.auth_callbacks['1']\n", "<script>"]) {
    const { status, text } = await script(callback);
    assert.equal(status, 400, callback);
    assert.ok(callback === "" || !text.includes(callback), "the callback is shown");
  }
});

test("auth_url ends with its token", async () => {
  const owner = await newOwner(app);
  const { auth_url } = (await asked(owner, "GET", "/account")).socket;
  await removeToken(owner.token);
  assert.equal((await authorise(auth_url, { socket_id: "1.2", channel_name: owner.channel })).status, 403);
  assert.equal((await call(owner, "GET", "/account")).status, 401);
});

test("one change reaches a client of each protocol", async () => {
  const owner = await newOwner(app);
  const { connectAs, closeAll, frame } = await import("../harness/socket.js");
  const socket = await connectAs(owner, { stream: "user" });
  const channel = await (await open(app)).subscribe(`news-${owner.id}`);
  const topics = [{ stream: "user", account: owner.id }, { channel: channel.name, app: app.id }];
  await putContent({ owner: owner.id, id: "broadcast#1", kind: "broadcast", event: "both", payload: '{"a":1}', topics });
  await socket.expect(frame(["user"], "both", '{"a":1}'));
  await channel.expect(["both", { a: 1 }]);
  await closeAll();
});

test("who has no token, or none with the scope, gets nothing", async () => {
  const reader = await newOwner(app, { scopes: ["read"] });
  const nobody = await newAccount({ scopes: ["push"], row: { app: app.id } });
  assert.equal((await call({ token: "unknown" }, "GET", "/items")).status, 401);
  assert.equal((await call(nobody, "GET", "/items")).status, 403);
  assert.equal((await call(reader, "POST", "/items", bookmark)).status, 403);
  assert.deepEqual(await asked(reader, "GET", "/items"), []);
});
