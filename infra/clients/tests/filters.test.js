// What accounts do not want to see, on both transports.
import { afterEach, test } from "node:test";
import * as entities from "../harness/entities.js";
import { deleteAccounts, deleteContent, newAccount, newID, newList, putAccounts, putContent } from "../harness/tables.js";
import { endTransports, transports } from "../harness/transports.js";

afterEach(endTransports);

const author = await newAccount();
const [blocked, muted, blocker] = [newID(), newID(), newID()];
const cats = {
  id: "3",
  title: "Felines",
  context: ["home", "public"],
  action: "warn",
  keywords: [{ keyword: "dog" }, { keyword: "cat", wholeWord: true }],
};
const row = {
  languages: new Set(["en", "de"]),
  blocks: new Set([blocked]),
  mutes: new Set([muted]),
  blockedBy: [blocker],
  blockedDomains: new Set(["bad.example"]),
  filters: [cats],
};
const match = `{"filter":{"id":"3","title":"Felines","context":["home","public"],"expires_at":null,"filter_action":"warn"},"keyword_matches":["CAT"],"status_matches":null}`;

// What of a status makes it one that the viewer is not shown on public streams.
const unwanted = [
  { language: "fr" },
  { account: { id: blocked, acct: "blocked" } },
  { account: { id: muted, acct: "muted" } },
  { account: { id: blocker, acct: "blocker" } },
  { account: { id: "5", acct: "someone@bad.example" } },
  { mentions: [{ id: blocked, acct: "blocked" }] },
  { mentions: [{ id: "8", acct: "8" }, { id: muted, acct: "muted" }] },
];

// And what of it makes it one that the viewer is shown, and with which results of filters.
const wanted = [
  [{ language: "de" }, "[]"],
  [{ language: null }, "[]"],
  [{ mentions: [{ id: blocker, acct: "blocker" }] }, "[]"],
  [{ spoiler_text: "a category" }, "[]"],
  [{ spoiler_text: "My CAT." }, `[${match}]`],
  [{ spoiler_text: "My CAT.", filtered: ["old"] }, `[${match}]`],
];

const tags = [{ name: "cats" }];
const streams = [{ stream: "public" }, { stream: "hashtag", tag: "Cats" }];

function status(parts, attributes = {}) {
  return entities.status(author, { payload: { language: "en", tags, ...parts }, ...attributes });
}

// marked is the payload as a viewer gets it who has filters.
function marked({ payload }, results) {
  if (payload.includes('"filtered":["old"]')) return payload.replace('["old"]', results);
  return payload.replace(/}$/, `,"filtered":${results}}`);
}

for (const [transport, open] of Object.entries(transports)) {
  for (const stream of streams) {
    test(`${transport}: ${stream.stream} leaves out what a viewer does not want, and says which filters match`, async () => {
      const viewer = await open(await newAccount({ row }), stream);
      const anybody = await open(await newAccount(), stream);
      for (const parts of unwanted) {
        const item = status(parts);
        await putContent(item);
        await anybody.expect("update", item.payload);
      }
      for (const [parts, results] of wanted) {
        const item = status(parts);
        await putContent(item);
        await viewer.expect("update", marked(item, results));
        await anybody.expect("update", item.payload);
        const edit = entities.edited(item);
        await putContent(edit);
        await viewer.expect("status.update", marked(edit, results));
        await anybody.expect("status.update", edit.payload);
      }
    });
  }

  test(`${transport}: what is removed is removed for everyone, and other events are for everyone`, async () => {
    const viewer = await open(await newAccount({ row }), { stream: "public" });
    const item = status(unwanted[0]);
    await putContent(item);
    await deleteContent(item);
    await viewer.expect("delete", entities.shownID(item));
    const said = entities.broadcast(author, "said", '{"language":"fr"}', { stream: "public" });
    await putContent(said);
    await viewer.expect("said", said.payload);
  });

  test(`${transport}: user and list leave nothing out, and say which filters match`, async () => {
    const reader = await newAccount();
    const list = await newList(reader);
    const viewers = [await open(reader, { stream: "user" }), await open(reader, { stream: "list", list })];
    await putAccounts({ key: `account#${reader.id}`, ...row });
    await viewers[0].expect("filters_changed");
    for (const [parts, results] of [...unwanted.map((parts) => [parts, "[]"]), ...wanted]) {
      const item = status(parts, { home: new Set([reader.id]), lists: new Set([list]) });
      await putContent(item);
      for (const viewer of viewers) await viewer.expect("update", marked(item, results));
    }
  });

  test(`${transport}: what a viewer changes takes effect while it listens, and filters_changed is said`, async () => {
    const reader = await newAccount();
    const key = `account#${reader.id}`;
    const user = await open(reader, { stream: "user" });
    const viewer = await open(reader, { stream: "public" });
    const sees = async (parts, payloadOf) => {
      const item = status(parts);
      await putContent(item);
      await viewer.expect("update", payloadOf(item));
    };
    await sees(unwanted[1], ({ payload }) => payload);
    await putAccounts({ key, ...row });
    await user.expect("filters_changed");
    await putContent(status(unwanted[1]));
    await sees({ spoiler_text: "cat CAT" }, (item) => marked(item, `[${match.replace("CAT", "cat")}]`));
    await putAccounts({ key, ...row, filters: [{ ...cats, title: "Cats" }] });
    await user.expect("filters_changed");
    await sees({ spoiler_text: "CAT" }, (item) => marked(item, `[${match.replace("Felines", "Cats")}]`));
    await deleteAccounts(key);
    await user.expect("filters_changed");
    await sees(unwanted[1], ({ payload }) => payload);
  });
}
