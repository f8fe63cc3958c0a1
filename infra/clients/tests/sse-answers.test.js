// What server-sent events are asked with, and what the answers are.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { broadcast } from "../harness/entities.js";
import { answer, ask, endAll, listen } from "../harness/sse.js";
import { newAccount, newList, putContent } from "../harness/tables.js";

afterEach(endAll);

// Each: a path, its query, the stream that it is, and where an event of it is sent to.
const paths = [
  ["user", {}, { stream: "user" }],
  ["user/notification", {}, { stream: "user:notification" }],
  ["direct", {}, { stream: "direct" }],
  ["public", {}, { stream: "public" }],
  ["public/local", {}, { stream: "public:local" }],
  ["public/remote", {}, { stream: "public:remote" }],
  ["public", { only_media: "true" }, { stream: "public:media" }],
  ["public/local", { only_media: "1" }, { stream: "public:local:media" }],
  ["public/remote", { only_media: "anything" }, { stream: "public:remote:media" }],
  ["public", { only_media: "False" }, { stream: "public:media" }],
  ["hashtag", { tag: "Café & #1?" }, { stream: "hashtag", tag: "cafe1" }],
  ["hashtag/local", { tag: "日本語" }, { stream: "hashtag:local", tag: "日本語" }],
  ["hashtag", { tag: "cats", only_media: "true" }, { stream: "hashtag", tag: "cats" }],
  ["list", {}, { stream: "list" }],
  ...["", "0", "f", "F", "false", "FALSE", "off", "OFF"].map((no) => ["public", { only_media: no }, { stream: "public" }]),
];

for (const [path, query, target] of paths) {
  test(`${path}?${new URLSearchParams(query)} is ${Object.values(target).join(" ")}`, async () => {
    const reader = await newAccount();
    if (path === "list") query.list = target.list = await newList(reader);
    if (/^(user|direct)/.test(path)) target.account = reader.id;
    const stream = await listen(reader, path, { query });
    await putContent(broadcast(reader, "said", "anything, not JSON", target));
    await stream.expect("said", "anything, not JSON");
  });
}

test("a stream's headers", async () => {
  const { headers } = await listen(await newAccount(), "user");
  const { "content-type": type, "cache-control": cache, "access-control-allow-origin": origin } = headers;
  assert.deepEqual([type, cache, origin], ["text/event-stream", "private, no-store", "*"]);
  assert.match(headers["x-request-id"], /./);
});

test("two requests have two ids", async () => {
  const [one, other] = [await answer("user"), await answer("user")];
  assert.notEqual(one.headers["x-request-id"], other.headers["x-request-id"]);
});

const reader = await newAccount();
const writer = await newAccount({ scopes: ["write"] });
const others = await newList(writer);
const refusals = {
  path: [400, "Unknown channel requested"],
  missing: [401, "Missing access token"],
  invalid: [401, "Invalid access token"],
  scope: [401, "Access token does not have the required scopes"],
  tag: [400, "Missing tag name parameter"],
  list: [400, "Missing list name parameter"],
  owner: [401, "Not authorized to stream this list"],
};

// Each: a path, a token, the query, the refusal. Of two faults the first in this order is said.
const refused = [
  ...["nothing", "User", "user/", "/api/v1/streaming/user//", "public/remote/media", "hashtag/remote", "user%2Fnotification", "%75ser", "list/1"].map(
    (path) => [path, undefined, {}, refusals.path],
  ),
  ["nothing", "wrong", {}, refusals.path],
  ["user", undefined, {}, refusals.missing],
  ["hashtag", undefined, {}, refusals.missing],
  ["user", "wrong", {}, refusals.invalid],
  ["list", "wrong", {}, refusals.invalid],
  ["user", writer.token, {}, refusals.scope],
  ["user/notification", writer.token, {}, refusals.scope],
  ["direct", writer.token, {}, refusals.scope],
  ["public", writer.token, {}, refusals.scope],
  ["hashtag", writer.token, {}, refusals.scope],
  ["list", writer.token, { list: others }, refusals.scope],
  ["hashtag", reader.token, {}, refusals.tag],
  ["hashtag/local", reader.token, { tag: "" }, refusals.tag],
  ["list", reader.token, {}, refusals.list],
  ["list", reader.token, { list: "" }, refusals.list],
  ["list", reader.token, { list: "no such list" }, refusals.owner],
  ["list", reader.token, { list: others }, refusals.owner],
];

for (const [path, token, query, [status, message]] of refused) {
  test(`${path}?${new URLSearchParams(query)} with ${known(token)} is refused with ${message}`, async () => {
    const refusal = await answer(path, { query, headers: token ? { Authorization: `Bearer ${token}` } : {} });
    assert.deepEqual([refusal.status, refusal.body], [status, JSON.stringify({ error: message })]);
    assert.equal(refusal.headers["content-type"], "application/json");
    assert.equal(refusal.headers["access-control-allow-origin"], "*");
  });
}

function known(token) {
  return { [reader.token]: "a token", [writer.token]: "a token that may only write" }[token] ?? `${token ?? "no"} token`;
}

for (const method of ["POST", "PUT", "PATCH", "DELETE", "HEAD"]) {
  test(`${method} is refused`, async () => {
    const refusal = await answer("user", { method, query: { access_token: reader.token } });
    assert.deepEqual([refusal.status, refusal.headers["access-control-allow-origin"]], [400, "*"]);
    if (method !== "HEAD") assert.equal(refusal.body, '{"error":"Unknown channel requested"}');
  });
}

const accepted = {
  "in Authorization after Bearer": { headers: { Authorization: `Bearer ${reader.token}` } },
  "in Authorization alone": { headers: { Authorization: reader.token } },
  "in the query": { query: { access_token: reader.token } },
  "in Sec-WebSocket-Protocol": { headers: { "Sec-WebSocket-Protocol": reader.token } },
  "in Authorization, whatever the query says": {
    headers: { Authorization: reader.token },
    query: { access_token: "wrong" },
  },
  "in the query, whatever Sec-WebSocket-Protocol says": {
    headers: { "Sec-WebSocket-Protocol": "wrong" },
    query: { access_token: reader.token },
  },
};

for (const [where, options] of Object.entries(accepted)) {
  test(`a token is taken ${where}`, async () => {
    // What comes next is refused: a token has been found, and this is no stream that is left open.
    const refusal = await answer("hashtag", options);
    assert.equal(refusal.body, '{"error":"Missing tag name parameter"}');
  });
}

const wrongly = {
  "bearer in lower case": { headers: { Authorization: `bearer ${reader.token}` } },
  "a wrong one in Authorization, whatever the query says": {
    headers: { Authorization: "wrong" },
    query: { access_token: reader.token },
  },
  "one of an account that is suspended": {
    query: { access_token: (await newAccount({ row: { suspended: true } })).token },
  },
  "one that was revoked": { query: { access_token: (await newAccount({ token: { revokedAt: 1_600_000_000 } })).token } },
  "one that has expired": { query: { access_token: (await newAccount({ token: { expiresAt: 1_600_000_000 } })).token } },
};

for (const [which, options] of Object.entries(wrongly)) {
  test(`a token is refused: ${which}`, async () => {
    const refusal = await answer("user", options);
    assert.deepEqual([refusal.status, refusal.body], [401, '{"error":"Invalid access token"}']);
  });
}

test("a browser that asks first is told that it may, whatever the path", async () => {
  for (const path of ["user", "list", "/api/v1/streaming", "nothing"]) {
    const { status, headers, body } = await answer(path, {
      method: "OPTIONS",
      headers: { Origin: "https://far.example", "Access-Control-Request-Headers": "authorization,last-event-id" },
    });
    assert.deepEqual([status, body, headers.vary], [204, "", "Access-Control-Request-Headers"]);
    assert.equal(headers["access-control-allow-origin"], "*");
    assert.equal(headers["access-control-allow-methods"], "GET,HEAD,PUT,PATCH,POST,DELETE");
    assert.equal(headers["access-control-allow-headers"], "authorization,last-event-id");
  }
});

test("the health check needs no token", async () => {
  const { status, headers, body } = await answer("health");
  assert.deepEqual([status, headers["content-type"], body], [200, "text/plain", "OK"]);
  const head = await ask("health", { method: "HEAD" });
  head.resume();
  assert.equal(head.statusCode, 200);
});
