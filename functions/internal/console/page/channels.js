// A channel of an app: https://pusher.com/docs/channels/library_auth_reference/pusher-websockets-protocol/

import {Connection} from './connection.js';
import {$, call, make, say} from './page.js';

const PONG_WITHIN = 30;

/** What is subscribed to, by the number of its connection. */
const subscribed = new Map();

export class ChannelConnection extends Connection {
  constructor(key, channel, accessToken) {
    super('Channels', channel);
    Object.assign(this, {key, channel, accessToken, about: make('div')});
    this.open();
  }

  open() {
    const url = new URL(`/app/${encodeURIComponent(this.key)}?protocol=7&client=js&version=8.6.0&flash=false`, location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    this.socket = new WebSocket(url);
    this.socket.onmessage = ({data}) => this.message(JSON.parse(data));
    this.socket.onclose = ({code}) => this.closed(code);
  }

  send(event, data, channel) {
    this.socket.send(JSON.stringify({event, channel, data}));
  }

  message({event, channel = '', data, user_id: user}) {
    const payload = typeof data === 'string' ? data : JSON.stringify(data ?? null);
    if (Object.hasOwn(HANDLERS, event)) {
      HANDLERS[event](this, JSON.parse(payload) ?? {});
    }
    this.awaitFrame();
    this.arrived(user ? `${channel}, from ${user}` : channel, event, data === undefined ? '' : payload);
  }

  /** Asks a server that has been quiet for long whether it is there, as the protocol says. */
  awaitFrame() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.send('pusher:ping', {});
      this.timer = setTimeout(() => this.socket.close(), 1000 * PONG_WITHIN);
    }, 1000 * this.quiet);
  }

  async subscribe({socket_id: id, activity_timeout: timeout}) {
    const {socket, key, channel} = this;
    this.quiet = Math.min(120, timeout);
    this.socketID = id;
    let signed = {auth: ''};
    if (/^(private|presence)-/.test(channel)) {
      signed = await call('POST', '/console/channels/auth', {key, channel, socket_id: id}, this.accessToken);
    }
    if (!signed) {
      this.refused('not signed for');
    } else if (socket.readyState === WebSocket.OPEN) {
      socket.send(JSON.stringify({event: 'pusher:subscribe', data: {channel, ...signed}}));
    }
  }

  succeeded({presence}) {
    this.state('open', 'open');
    this.members = presence && new Map(Object.entries(presence.hash));
    subscribed.set(this.number, this);
    $('subscribed').append(this.about);
    this.describe();
    showChannels();
  }

  refused(why) {
    this.why = why;
    this.close();
  }

  closed(code) {
    clearTimeout(this.timer);
    subscribed.delete(this.number);
    this.about.remove();
    showChannels();
    if (this.closing || this.final || !this.again()) {
      this.ended(this.why ?? `closed (${code})`);
    }
  }

  /** Shows the socket's id, and on a presence channel who is there. */
  describe() {
    const {number, channel, members} = this;
    this.about.replaceChildren(make('h3', `#${number} ${channel}${members ? `: ${members.size} here` : ''}`));
    if (members) {
      const list = this.about.appendChild(make('ul'));
      list.setAttribute('aria-label', `Members of ${channel}, as connection ${number} knows them`);
      list.append(...[...members].map(([id, info]) => make('li', info?.name ? `${id} (${info.name})` : id)));
    }
    this.about.append(make('p', `Socket ${this.socketID}`, 'hint'));
  }
}

/** What the page does about frames, besides showing them. */
const HANDLERS = {
  'pusher:connection_established': (c, data) => c.subscribe(data),
  'pusher:ping': (c) => c.send('pusher:pong', {}),
  // From 4000 to 4099: do not come back.
  'pusher:error': (c, {code}) => { c.final = code >= 4000 && code < 4100; },
  'pusher:subscription_error': (c, {status}) => c.refused(`refused (${status})`),
  'pusher_internal:subscription_succeeded': (c, data) => c.succeeded(data),
  'pusher_internal:member_added': (c, {user_id: user, user_info: info}) => { c.members.set(user, info); c.describe(); },
  'pusher_internal:member_removed': (c, {user_id: user}) => { c.members.delete(user); c.describe(); },
};

function showChannels() {
  const chosen = $('on').value;
  $('on').replaceChildren(...[...subscribed].map(([number, {channel}]) =>
    Object.assign(make('option', `#${number} ${channel}`), {value: number, selected: String(number) === chosen})));
  $('no-channels').hidden = subscribed.size > 0;
  $('channels').hidden = subscribed.size === 0;
}

/** Data as it is sent: in a JSON object also when, for whoever gets it to know how long it took. */
function stamped(text) {
  try {
    const value = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? {...value, sent_at: new Date().toISOString()} : value;
  } catch {
    return text;
  }
}

$('event').onsubmit = async (submit) => {
  submit.preventDefault();
  const on = subscribed.get(Number($('on').value));
  const name = $('event-name').value.trim();
  const data = stamped($('data').value);
  if (submit.submitter?.value === 'client') {
    const event = name.startsWith('client-') ? name : `client-${name}`;
    on.send(event, data, on.channel);
    say(`Sent ${event} to the others on ${on.channel}.`);
    return;
  }
  const order = {key: on.key, channel: on.channel, name, data: typeof data === 'string' ? data : JSON.stringify(data)};
  if (await call('POST', '/console/channels/events', order, on.accessToken)) {
    say(`Published ${name} on ${on.channel}.`);
  }
};
