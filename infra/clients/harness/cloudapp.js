// CloudApp's API, as an application calls it.
import assert from "node:assert/strict";
import { edgeURL } from "./edgestream.js";
import { newAccount, newID } from "./tables.js";

// newOwner is an account of the app, with a token for its items.
export async function newOwner(app, { profile, scopes = ["read", "write"] } = {}) {
  const account = await newAccount({ scopes, row: { app: app.id, ...(profile && { profile }) } });
  account.channel = `private-items_${account.id}`;
  return account;
}

// call makes a call as the account, and answers with the status, the headers and the text.
export async function call(account, method, path, body) {
  const headers = { Authorization: `Bearer ${account.token}`, "Content-Type": "application/json", "User-Agent": "Cloud/1.5" };
  const answer = await fetch(edgeURL + path, { method, headers, body: body && JSON.stringify(body) });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

// asked is the JSON that a call is answered with.
export async function asked(account, method, path, body) {
  const { status, text } = await call(account, method, path, body);
  assert.equal(status, 200, text);
  return JSON.parse(text);
}

// entry is an item as the list shows it, with every member of the documents' example.
export function entry(members) {
  const id = newID();
  return {
    href: `http://my.cl.ly/items/${id}`,
    name: "Screenshot é 日本語 <&>.png",
    private: true,
    subscribed: false,
    url: "http://cl.ly/2wt4",
    content_url: "http://cl.ly/2wt4/content",
    item_type: "image",
    view_counter: 0,
    icon: "http://my.cl.ly/images/item_types/image.png",
    remote_url: "http://f.cl.ly/items/7c7aea1395c3db0aee18/Screenshot.png",
    redirect_url: null,
    source: "Cloud/1.5.1 CFNetwork/520.0.13 Darwin/11.0.0 (x86_64)",
    created_at: "2011-07-09T03:02:43Z",
    updated_at: "2011-07-09T03:02:43Z",
    deleted_at: null,
    ...members,
  };
}

// stored is the entry as an application writes it into Content.
export function stored(account, members) {
  return { owner: account.id, id: `item#${members.href.split("/").at(-1)}`, kind: "item", payload: JSON.stringify(members) };
}
