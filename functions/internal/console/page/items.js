// Items of the account, which its own channel shows: private-items_{account}.

import {cause} from './connection.js';
import {$, button, call, make, say} from './page.js';
import {newID} from './write.js';

/** An item as CloudApp shows it. */
function itemOf(id, name, created) {
  const href = `${location.origin}/items/${id}`;
  return {
    href, name, private: true, subscribed: false, url: href, content_url: href, item_type: 'text', view_counter: 0,
    icon: null, remote_url: null, redirect_url: null, source: 'Edgestream console',
    created_at: created, updated_at: new Date().toISOString(), deleted_at: null,
  };
}

function write(id, name, created) {
  const payload = itemOf(id, name, created);
  cause(payload.href);
  return call('POST', '/console/content', {kind: 'item', id, payload});
}

$('item').onsubmit = async (submit) => {
  submit.preventDefault();
  const [id, name, created] = [newID(), $('item-name').value, new Date().toISOString()];
  if (await write(id, name, created)) {
    listItem(id, name, created);
    say(`Created item ${id}.`);
  }
};

function listItem(id, name, created) {
  const line = make('li');
  const label = make('span', name);
  const rename = button('Rename', `Rename item ${id}`, async () => {
    const typed = $('item-name').value;
    const other = typed === label.textContent ? `${typed} (renamed)` : typed;
    if (await write(id, other, created)) {
      label.textContent = other;
      say(`Renamed item ${id}.`);
    }
  });
  const remove = button('Delete', `Delete item ${id}`, async () => {
    cause(`${location.origin}/items/${id}`);
    if (await call('DELETE', `/console/content?${new URLSearchParams({kind: 'item', id})}`)) {
      line.remove();
      say(`Deleted item ${id}.`);
      $('item-name').focus();
    }
  });
  line.append(label, rename, remove);
  $('items').prepend(line);
}
