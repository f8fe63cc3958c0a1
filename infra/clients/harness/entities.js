// Items of Content. Payloads are JSON texts whose bytes a careless server would change: spaces,
// escapes, long numbers, characters that some encoders escape.
import { newID } from "./tables.js";

const awkward = String.raw`"content":"<p>caf\u00e9 \ud83d\ude00 日本語 & \"quotes\" \\ \/ </p>\r\n",  "big":12345678901234567890.10`;
const raw = `"raw":"\u2028\u2029\u007f<&>' 😀"`;

// status is a public status of a local author, as a map of the parts that tests change.
export function status(author, { payload = {}, ...item } = {}) {
  const id = newID();
  const body = { visibility: "public", account: { id: author.id, acct: "author" }, ...payload };
  return { owner: author.id, id: `status#${id}`, kind: "status", payload: text(id, body), ...item };
}

// text is a payload with an id, the members of body, and the awkward ones.
export function text(id, body) {
  return `{ "id":"${id}", ${awkward}, ${raw},${JSON.stringify(body).slice(1)}`;
}

// shownID is the id of the item's entity as clients see it.
export function shownID(item) {
  return item.id.slice(item.id.indexOf("#") + 1);
}

// edited is the status with another text.
export function edited(item) {
  return { ...item, payload: item.payload.replace("caf", "edited caf") };
}

export function notification(recipient) {
  const id = newID();
  return {
    owner: recipient.id,
    id: `notification#${id}`,
    kind: "notification",
    payload: text(id, { type: "follow", account: { id: "2", acct: "bob" } }),
  };
}

export function conversation(recipient) {
  const id = newID();
  return {
    owner: recipient.id,
    id: `conversation#${id}`,
    kind: "conversation",
    payload: text(id, { unread: true, accounts: [], last_status: null }),
  };
}

export function announcement() {
  const id = newID();
  return {
    owner: "announcements",
    id: `announcement#${id}`,
    kind: "announcement",
    payload: text(id, { all_day: false, reactions: [] }),
  };
}

export function reaction() {
  const id = newID();
  const payload = `{ "name":"🎉", "count":20, "announcement_id":"${id}" }`;
  return { owner: "announcements", id: `reaction#${id}`, kind: "reaction", payload };
}

export function filter(account) {
  return { owner: account.id, id: `filter#${newID()}`, kind: "filter", payload: "{}" };
}

export function merge(recipient) {
  return { owner: recipient.id, id: `merge#${newID()}`, kind: "merge" };
}

// broadcast is an event of the application's own on the streams that topics name.
export function broadcast(owner, event, payload, ...topics) {
  return { owner: owner.id, id: `broadcast#${newID()}`, kind: "broadcast", event, payload, topics };
}
