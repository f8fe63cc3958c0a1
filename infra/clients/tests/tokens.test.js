// Where a token may stand, and which tokens are refused.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { edgeURL } from "../harness/edgestream.js";
import { closeAll, connect, refusal } from "../harness/socket.js";
import { newAccount, putAccounts } from "../harness/tables.js";

afterEach(closeAll);

const { token } = await newAccount();
const bearer = { Authorization: `Bearer ${token}` };
const wrong = "wrong-token";

const accepted = {
  "in Authorization after Bearer": { headers: bearer },
  "in Authorization alone": { headers: { Authorization: token } },
  "in the query": { query: { access_token: token } },
  "in the subprotocol": { protocols: [token] },
  "in the first of several subprotocols": { protocols: [token, "other"] },
  "in Authorization, whatever the query says": { headers: bearer, query: { access_token: wrong } },
  "in Authorization, whatever the subprotocol says": { headers: bearer, protocols: [wrong] },
  "in the query, whatever the subprotocol says": { query: { access_token: token }, protocols: [wrong] },
  "in the query, where Authorization is empty": { headers: { Authorization: "" }, query: { access_token: token } },
};

for (const [where, options] of Object.entries(accepted)) {
  test(`a token is accepted ${where}, and the first subprotocol echoed`, async () => {
    const socket = await connect(options);
    assert.equal(socket.protocol, options.protocols?.[0] ?? "");
    await socket.expectNoMore();
  });
}

const refused = {
  "without a token": {},
  "with an empty token in the query": { query: { access_token: "" } },
  "with an unknown token": { query: { access_token: wrong } },
  "with a wrong token in Authorization, whatever the query says": {
    headers: { Authorization: wrong },
    query: { access_token: token },
  },
  "with a wrong token in the query, whatever the subprotocol says": {
    query: { access_token: wrong },
    protocols: [token],
  },
  "with bearer in lower case": { headers: { Authorization: `bearer ${token}` } },
  "with Bearer and nothing else": { headers: { Authorization: "Bearer " } },
  "with the token in the second subprotocol": { protocols: ["other", token] },
  "with another case": { query: { access_token: token.toUpperCase() } },
  "with spaces around the token": { query: { access_token: ` ${token} ` } },
  "with odd bytes": { query: { access_token: "\u0000%\ud83d\ude00\"'\r\n" } },
  "with 4,000 characters": { query: { access_token: "x".repeat(4000) } },
};

for (const [how, options] of Object.entries(refused)) {
  test(`an upgrade ${how} is refused with 401`, async () => {
    assert.equal(await refusal(options), 401);
  });
}

const past = 1_600_000_000;
const invalid = {
  "that has expired": { token: { expiresAt: past } },
  "that was revoked": { token: { revokedAt: past } },
  "of an account that is disabled": { row: { disabled: true } },
  "of an account that is suspended": { row: { suspended: true } },
};

for (const [which, parts] of Object.entries(invalid)) {
  test(`a token ${which} is refused with 401`, async () => {
    const account = await newAccount(parts);
    assert.equal(await refusal({ query: { access_token: account.token } }), 401);
  });
}

test("a token is refused from the moment on at which its account is disabled", async () => {
  const account = await newAccount();
  await connect({ query: { access_token: account.token } });
  await putAccounts({ key: `account#${account.id}`, disabled: true });
  assert.equal(await refusal({ query: { access_token: account.token } }), 401);
});

test("a token that expires later, of an account that is neither disabled nor suspended, is accepted", async () => {
  const account = await newAccount({ token: { expiresAt: 4_000_000_000 }, row: { disabled: false, suspended: false } });
  await connect({ query: { access_token: account.token } });
});

test("scopes are not looked at when a socket opens", async () => {
  const account = await newAccount({ scopes: ["write"] });
  await connect({ query: { access_token: account.token } });
});

for (const to of [
  "/api/v1/streaming",
  "/api/v1/streaming/",
  "/api/v1/streaming?",
  "/api/v1/streaming/?",
  "/api/v1/streaming?unknown=1&unknown=2",
]) {
  test(`a socket opens at ${to}`, async () => {
    const socket = await connect({ to, headers: bearer });
    await socket.expectNoMore();
  });
}

for (const to of ["/api/v1/streaming", "/api/v1/streaming/"]) {
  test(`a socket that opens at ${to} with a query is subscribed`, async () => {
    const socket = await connect({ to, query: { access_token: token, stream: "nothing" } });
    await socket.expect('{"error":"Unknown stream type","status":400}');
  });
}

test("the health check answers without a token", async () => {
  const answer = await fetch(`${edgeURL}/api/v1/streaming/health`);
  assert.deepEqual([answer.status, await answer.text(), answer.headers.get("content-type")], [200, "OK", "text/plain"]);
});
