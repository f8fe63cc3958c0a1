// The console: opens connections, shows what arrives, and writes content.

const STREAMS = {
  'user': 'user', 'user:notification': 'user/notification', 'direct': 'direct',
  'public': 'public', 'public:media': 'public?only_media=true',
  'public:local': 'public/local', 'public:local:media': 'public/local?only_media=true',
  'public:remote': 'public/remote', 'public:remote:media': 'public/remote?only_media=true',
  'hashtag': 'hashtag', 'hashtag:local': 'hashtag/local', 'list': 'list',
};
const EVENTS = [
  'update', 'status.update', 'delete', 'notification', 'conversation', 'filters_changed',
  'announcement', 'announcement.reaction', 'announcement.delete', 'notifications_merged',
  'edgestream.position', 'edgestream.gap', 'edgestream.keepalive',
];
const SHOWN = 200;
const STREAMING = '/api/v1/streaming';

const $ = (id) => document.getElementById(id);
const make = (tag, text = '', className = '') => Object.assign(document.createElement(tag), {textContent: text, className});
const say = (text) => { $('said').textContent = text; };
const token = () => $('token').value.trim();
const words = (text) => text.split(/[\s,]+/).filter(Boolean);

/** When this page caused something, by the id that its frames show. */
const caused = new Map();

function cause(id) {
  caused.set(String(id), performance.now());
}

/** Milliseconds from the click to now, or null for what this page did not cause. */
function latencyOf(payload) {
  let id = payload;
  try { id = JSON.parse(payload)?.id ?? payload; } catch { /* a bare id */ }
  const at = caused.get(String(id));
  return at === undefined ? null : performance.now() - at;
}

let connections = 0;

/** One connection: its row, its counts, and what the transport calls. */
class Connection {
  constructor(transport, streams) {
    this.number = ++connections;
    this.streams = streams;
    this.latencies = [];
    this.frames = 0;
    this.row = make('tr');
    this.cells = {};
    for (const name of ['number', 'streams', 'state', 'frames', 'last', 'median', 'action']) {
      this.cells[name] = this.row.appendChild(make('td'));
    }
    this.cells.number.textContent = `${this.number} ${transport}`;
    this.cells.streams.textContent = streams.map((s) => s.label).join(', ');
    const close = make('button', 'Close', 'small');
    close.setAttribute('aria-label', `Close connection ${this.number}`);
    close.onclick = () => this.close();
    this.cells.action.append(close);
    $('connections').tBodies[0].append(this.row);
    $('connections').hidden = false;
    $('no-connections').hidden = true;
    this.state('connecting');
    this.count();
  }

  state(text, kind = '') {
    this.cells.state.textContent = text;
    this.cells.state.className = kind;
  }

  ended(text) {
    this.state(text, 'closed');
    this.cells.action.textContent = '';
  }

  count() {
    const sorted = [...this.latencies].sort((a, b) => a - b);
    const ms = (n) => (n === undefined ? '–' : `${Math.round(n)} ms`);
    this.cells.frames.textContent = this.frames;
    this.cells.last.textContent = ms(this.latencies.at(-1));
    this.cells.median.textContent = ms(sorted[Math.floor(sorted.length / 2)]);
  }

  arrived(stream, event, payload) {
    const latency = event.startsWith('edgestream.') ? null : latencyOf(payload);
    this.frames++;
    if (latency !== null) {
      this.latencies.push(latency);
    }
    this.count();
    show(this, stream, event, payload, latency);
  }
}

class SocketConnection extends Connection {
  constructor(streams, accessToken, ids) {
    super('WebSocket', streams);
    this.ids = ids;
    this.last = new Map();
    this.seen = new Set();
    this.accessToken = accessToken;
    this.open();
  }

  open() {
    const url = new URL(STREAMING, location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    url.searchParams.set('access_token', this.accessToken);
    if (this.ids) {
      url.searchParams.set('event_ids', 'true');
    }
    this.socket = new WebSocket(url);
    this.socket.onopen = () => {
      this.state('open', 'open');
      this.streams.forEach((s) => this.subscribe(s));
    };
    this.socket.onmessage = ({data}) => this.message(JSON.parse(data));
    this.socket.onclose = ({code}) => this.closed(code);
  }

  subscribe(s) {
    const resume = this.last.get(s.label);
    this.socket.send(JSON.stringify({type: 'subscribe', stream: s.name, ...s.parameters, ...(resume && {last_event_id: resume})}));
  }

  message(frame) {
    if (frame.error) {
      this.arrived('', 'error', frame.error);
      return;
    }
    const label = frame.stream.join(' ');
    if (frame.id) {
      this.last.set(label, frame.id);
      const repeated = this.seen.has(label + frame.id);
      this.seen.add(label + frame.id);
      if (repeated) {
        return;
      }
    }
    this.arrived(label, frame.event, frame.payload ?? '');
  }

  closed(code) {
    if (this.closing || !this.ids || code === 1008) {
      this.ended(`closed (${code})`);
      return;
    }
    this.state('reconnecting');
    this.attempts = (this.attempts ?? 0) + 1;
    if (this.attempts > 5) {
      this.ended(`closed (${code})`);
      return;
    }
    setTimeout(() => this.open(), 500 * this.attempts);
  }

  close() {
    this.closing = true;
    this.socket.close();
  }
}

class EventSourceConnection extends Connection {
  constructor(stream, accessToken) {
    super('SSE', [stream]);
    const url = new URL(`${STREAMING}/${STREAMS[stream.name]}`, location.href);
    url.searchParams.set('access_token', accessToken);
    for (const [name, value] of Object.entries(stream.parameters)) {
      url.searchParams.set(name, value);
    }
    this.source = new EventSource(url);
    this.source.onopen = () => this.state('open', 'open');
    this.source.onerror = () => {
      if (this.source.readyState === EventSource.CLOSED) {
        this.ended('closed');
      } else {
        this.state('reconnecting');
      }
    };
    for (const event of EVENTS) {
      this.source.addEventListener(event, ({data}) => this.arrived(stream.label, event, data));
    }
  }

  close() {
    this.source.close();
    this.ended('closed');
  }
}

function show(connection, stream, event, payload, latency) {
  const line = make('li');
  const what = line.appendChild(make('div', '', 'what'));
  what.append(make('b', event), make('span', `#${connection.number}`), make('span', stream));
  what.append(make('span', latency === null ? '' : `${Math.round(latency)} ms`, 'latency'));
  what.append(make('time', new Date().toLocaleTimeString()));
  if (payload) {
    const details = line.appendChild(make('details'));
    details.append(make('summary', 'Payload'), make('pre', pretty(payload)));
  }
  $('frames').prepend(line);
  $('count').textContent = Number($('count').textContent) + 1;
  while ($('frames').children.length > SHOWN) {
    $('frames').lastChild.remove();
  }
}

function pretty(payload) {
  try { return JSON.stringify(JSON.parse(payload), null, 2); } catch { return payload; }
}

/** Calls the console's API; false if it was refused, which is then said. */
async function call(method, path, body) {
  try {
    const answer = await fetch(path, {
      method, headers: {Authorization: `Bearer ${token()}`}, body: body && JSON.stringify(body),
    });
    if (answer.status === 204) {
      return true;
    }
    const said = await answer.json();
    if (answer.ok) {
      return said;
    }
    say(said.error);
  } catch (error) {
    say(`No answer: ${error.message}`);
  }
  return false;
}

let written = 0;
const newID = () => `${Date.now()}${String(written++ % 1000).padStart(3, '0')}`;

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
  const edit = make('button', 'Edit', 'small');
  const remove = make('button', 'Delete', 'small');
  edit.setAttribute('aria-label', `Edit status ${id}`);
  remove.setAttribute('aria-label', `Delete status ${id}`);
  edit.onclick = async () => {
    const changed = $('text').value === label.textContent ? `${label.textContent} (edited)` : $('text').value;
    if (await writeStatus(id, changed, true)) {
      label.textContent = changed;
      say(`Edited status ${id}.`);
    }
  };
  remove.onclick = async () => {
    cause(id);
    if (await call('DELETE', `/console/content?${new URLSearchParams({kind: 'status', id})}`)) {
      line.remove();
      say(`Deleted status ${id}.`);
      $('text').focus();
    }
  };
  line.append(label, edit, remove);
  $('statuses').prepend(line);
}

/** What is sent besides statuses, by kind. */
const PAYLOADS = {
  notification: (id) => ({id, type: 'favourite', created_at: new Date().toISOString(), account: {id: '2', acct: 'console', username: 'console'}}),
  announcement: (id) => ({id, content: '<p>Hello, everyone.</p>', published_at: new Date().toISOString(), all_day: false, read: false, mentions: [], tags: [], emojis: [], reactions: []}),
  conversation: (id) => ({id, unread: true, accounts: [], last_status: null}),
  item: (id) => ({id: Number(id), href: `http://my.cl.ly/items/${id}`, name: 'Console item', item_type: 'text', view_counter: 0, created_at: new Date().toISOString(), updated_at: new Date().toISOString(), deleted_at: null}),
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

$('new-token').onclick = async () => {
  const made = await call('POST', '/console/tokens', {});
  if (made) {
    suggest(made.token);
    $('token').value = made.token;
    say(`New token, valid until ${new Date(made.expires).toLocaleTimeString()}. Connect with it, then revoke it.`);
  }
};

$('revoke').onclick = async () => {
  if (await call('DELETE', '/console/tokens')) {
    say('Revoked. Its connections close within seconds.');
  }
};

$('clear').onclick = () => {
  $('frames').textContent = '';
  $('count').textContent = '0';
};

$('listen').onsubmit = (submit) => {
  submit.preventDefault();
  const streams = [...document.querySelectorAll('#streams input:checked')].map(({value}) => chosen(value));
  if (streams.length === 0) {
    say('Choose a stream first.');
    $('streams').querySelector('input').focus();
    return;
  }
  if (new FormData($('listen')).get('transport') === 'sse') {
    streams.forEach((s) => new EventSourceConnection(s, token()));
  } else {
    new SocketConnection(streams, token(), $('event-ids').checked);
  }
};

/** A stream with the parameter that it takes. */
function chosen(name) {
  if (name.startsWith('hashtag')) {
    return {name, parameters: {tag: $('tag').value}, label: `${name} ${$('tag').value}`};
  }
  if (name === 'list') {
    return {name, parameters: {list: $('list').value}, label: `list ${$('list').value}`};
  }
  return {name, parameters: {}, label: name};
}

function suggest(value) {
  $('tokens').append(Object.assign(make('option'), {value}));
}

for (const name of Object.keys(STREAMS)) {
  const label = make('label', '', 'choice');
  const box = Object.assign(make('input'), {type: 'checkbox', value: name, name: 'stream', checked: name === 'user'});
  label.append(box, ` ${name}`);
  $('streams').append(label);
}
if (['localhost', '127.0.0.1', '[::1]'].includes(location.hostname)) {
  ['alice', 'bob'].forEach(suggest);
  $('token').value = 'alice';
}
