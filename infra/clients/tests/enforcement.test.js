// What becomes of open connections when Accounts changes, on both transports.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import * as entities from "../harness/entities.js";
import { connectAs, refusal } from "../harness/socket.js";
import { answer } from "../harness/sse.js";
import { newAccount, newID, newList, putAccounts, putContent, putToken, removeToken } from "../harness/tables.js";
import { endTransports, transports } from "../harness/transports.js";
import { deadline } from "../harness/wait.js";

afterEach(endTransports);

const seconds = () => Math.floor(Date.now() / 1000);

// Each: what happens to a token or its account.
const ends = {
  "the token is removed": ({ token }) => removeToken(token),
  "the token is revoked": ({ id, token }) => putToken(token, { account: id, scopes: new Set(["read"]), revokedAt: seconds() }),
  "the token is another account's": ({ token }) => putToken(token, { account: newID(), scopes: new Set(["read"]) }),
  "the token loses a scope": ({ id, token }) => putToken(token, { account: id, scopes: new Set(["read:statuses"]) }),
  "the token is made to expire": ({ id, token }) => putToken(token, { account: id, scopes: new Set(["read"]), expiresAt: seconds() }),
  "the account is disabled": ({ id }) => putAccounts({ key: `account#${id}`, disabled: true }),
  "the account is suspended": ({ id }) => putAccounts({ key: `account#${id}`, suspended: true }),
};

for (const [transport, open] of Object.entries(transports)) {
  for (const [what, end] of Object.entries(ends)) {
    test(`${transport}: a connection is closed when ${what}`, async () => {
      const account = await newAccount();
      const connections = [await open(account, { stream: "user" }), await open(account, { stream: "public" })];
      await end(account);
      for (const connection of connections) await connection.ended();
    });
  }

  test(`${transport}: a token that is revoked takes no other with it`, async () => {
    const account = await newAccount();
    const other = { ...account, token: `${account.token}-other` };
    await putToken(other.token, { account: account.id, scopes: new Set(["read"]) });
    const [revoked, kept] = [await open(account, { stream: "user" }), await open(other, { stream: "user" })];
    await removeToken(account.token);
    await revoked.ended();
    const item = entities.notification(account);
    await putContent(item);
    await kept.expect("notification", item.payload);
  });

  test(`${transport}: a change that takes nothing away closes nothing`, async () => {
    const account = await newAccount({ token: { expiresAt: seconds() + 3600 } });
    const connection = await open(account, { stream: "user" });
    await putToken(account.token, { account: account.id, scopes: new Set(["read", "write"]), expiresAt: seconds() + 7200 });
    // Once this is said, the change of the token has been read, too.
    const filters = [{ id: "1", title: "x", context: ["home"], action: "warn", keywords: [] }];
    await putAccounts({ key: `account#${account.id}`, disabled: false, suspended: false, filters });
    await connection.expect("filters_changed");
    const item = entities.notification(account);
    await putContent(item);
    await connection.expect("notification", item.payload);
  });
}

test("after a revocation both transports refuse the token", async () => {
  const account = await newAccount();
  const open = await transports.websocket(account, { stream: "user" });
  await removeToken(account.token);
  await open.ended();
  assert.equal(await refusal({ query: { access_token: account.token } }), 401);
  const { status, body } = await answer("user", { query: { access_token: account.token } });
  assert.deepEqual([status, body], [401, '{"error":"Invalid access token"}']);
});

test("sse: a response ends when its token expires", async () => {
  const expiresAt = seconds() + 4;
  const stream = await transports.sse(await newAccount({ token: { expiresAt } }), { stream: "user" });
  await stream.ended();
  assert.ok(seconds() >= expiresAt, "it ended early");
});

test("sse: a list that has gone to another account ends, and does not begin again", async () => {
  const [reader, other] = [await newAccount(), await newAccount()];
  const list = await newList(reader);
  const stream = await transports.sse(reader, { stream: "list", list });
  await putAccounts({ key: `list#${list}`, account: other.id });
  await stream.ended();
  const refused = await answer("list", { query: { list, access_token: reader.token } });
  assert.equal(refused.body, '{"error":"Not authorized to stream this list"}');
});

test("websocket: a list that has gone to another account stops flowing, and the socket stays open", async () => {
  const [author, reader, other] = [await newAccount(), await newAccount(), await newAccount()];
  const list = await newList(reader);
  const socket = await connectAs(reader, { stream: "user" });
  await socket.subscribe({ stream: "list", list });
  const listed = async () => {
    await putContent(entities.status(author, { lists: [list], payload: { visibility: "private" } }));
    return (await socket.until(author, reader)).length;
  };
  assert.equal(await listed(), 1);
  await putAccounts({ key: `list#${list}`, account: other.id });
  const end = Date.now() + deadline;
  while ((await listed()) > 0) assert.ok(Date.now() < end, "the list goes on");
  assert.equal(await listed(), 0);
  socket.send({ type: "subscribe", stream: "list", list });
  await socket.expect('{"error":"Not authorized to stream this list","status":401}');
});
