// Writes the two tables that an application writes: Content and Accounts.
import { createHash, randomUUID } from "node:crypto";
import { DeleteItemCommand, DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { aws } from "./edgestream.js";

const dynamodb = new DynamoDBClient({ ...aws, endpoint: process.env.DYNAMODB_URL });

// putContent writes an item given in plain values; sets become string sets.
export async function putContent(item) {
  await dynamodb.send(new PutItemCommand({ TableName: "Content", Item: members(item) }));
}

export async function deleteContent({ owner, id }) {
  await dynamodb.send(new DeleteItemCommand({ TableName: "Content", Key: members({ owner, id }) }));
}

// putAccounts writes a row of Accounts given in plain values.
export async function putAccounts(row) {
  await dynamodb.send(new PutItemCommand({ TableName: "Accounts", Item: members(row) }));
}

// newAccount is an account with a token of its own; its row of Accounts is written if given.
export async function newAccount({ scopes = ["read"], token = {}, row } = {}) {
  const account = { id: newID(), token: `token-${randomUUID()}` };
  await putToken(account.token, { account: account.id, scopes: new Set(scopes), ...token });
  if (row) await putAccounts({ key: `account#${account.id}`, ...row });
  return account;
}

export function putToken(token, attributes) {
  return putAccounts({ key: tokenKey(token), ...attributes });
}

export function removeToken(token) {
  return deleteAccounts(tokenKey(token));
}

// deleteAccounts removes a row of Accounts.
export async function deleteAccounts(key) {
  await dynamodb.send(new DeleteItemCommand({ TableName: "Accounts", Key: members({ key }) }));
}

function tokenKey(token) {
  return `token#${createHash("sha256").update(token).digest("hex")}`;
}

// newList is the id of a new list of the account.
export async function newList(account) {
  const id = newID();
  await putAccounts({ key: `list#${id}`, account: account.id });
  return id;
}

// newID is an id as Mastodon's are: digits, more than a double can hold exactly.
let last = BigInt(Date.now()) * 1_000_003n;
export function newID() {
  last += 7n;
  return String(last);
}

function members(plain) {
  return Object.fromEntries(Object.entries(plain).map(([name, value]) => [name, attribute(value)]));
}

function attribute(value) {
  if (value === null) return { NULL: true };
  if (typeof value === "string") return { S: value };
  if (typeof value === "boolean") return { BOOL: value };
  if (typeof value === "number") return { N: String(value) };
  if (value instanceof Set) return { SS: [...value] };
  if (Array.isArray(value)) return { L: value.map(attribute) };
  return { M: members(value) };
}
