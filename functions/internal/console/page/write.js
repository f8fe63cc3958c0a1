// Statuses, and what else an application writes for its users.

import {cause} from './connection.js';
import {$, button, call, make, say, words} from './page.js';

let written = 0;
export const newID = () => `${Date.now()}${String(written++ % 1000).padStart(3, '0')}`;

function statusOf(account, id, text, edited) {
  return {
    id, created_at: new Date().toISOString(), edited_at: edited ? new Date().toISOString() : null,
    visibility: $('visibility').value, content: text, spoiler_text: '', language: null,
    account: {id: account, acct: 'console', username: 'console', display_name: 'Console'},
    tags: [...text.matchAll(/#([\p{L}\p{N}_]+)/gu)].map(([, name]) => ({name})),
    mentions: [], media_attachments: [], reblog: null, in_reply_to_account_id: null,
  };
}

async function writeStatus(id, text, edited) {
  const who = await call('GET', '/console/account');
  if (!who) {
    return false;
  }
  const payload = statusOf(who.account, id, text, edited);
  cause(id);
  return call('POST', '/console/content', {kind: 'status', id, payload, home: words($('home').value)});
}

$('status').onsubmit = async (submit) => {
  submit.preventDefault();
  const id = newID();
  if (await writeStatus(id, $('text').value, false)) {
    listStatus(id, $('text').value);
    say(`Published status ${id}.`);
  }
};

function listStatus(id, text) {
  const line = make('li');
  const label = make('span', text);
  const edit = button('Edit', `Edit status ${id}`, async () => {
    const changed = $('text').value === label.textContent ? `${label.textContent} (edited)` : $('text').value;
    if (await writeStatus(id, changed, true)) {
      label.textContent = changed;
      say(`Edited status ${id}.`);
    }
  });
  const remove = button('Delete', `Delete status ${id}`, async () => {
    cause(id);
    if (await call('DELETE', `/console/content?${new URLSearchParams({kind: 'status', id})}`)) {
      line.remove();
      say(`Deleted status ${id}.`);
      $('text').focus();
    }
  });
  line.append(label, edit, remove);
  $('statuses').prepend(line);
}

/** What is sent besides statuses, by kind. */
const PAYLOADS = {
  notification: (id) => ({id, type: 'favourite', created_at: new Date().toISOString(), account: {id: '2', acct: 'console', username: 'console'}}),
  announcement: (id) => ({id, content: '<p>Hello, everyone.</p>', published_at: new Date().toISOString(), all_day: false, read: false, mentions: [], tags: [], emojis: [], reactions: []}),
  conversation: (id) => ({id, unread: true, accounts: [], last_status: null}),
};

$('send').onsubmit = async (submit) => {
  submit.preventDefault();
  const id = newID();
  const kind = $('kind').value;
  cause(id);
  if (await call('POST', '/console/content', {kind, id, to: $('to').value.trim(), payload: PAYLOADS[kind](id)})) {
    say(`Sent ${kind} ${id}.`);
  }
};
