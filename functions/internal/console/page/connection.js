// One connection of any kind: its row, its counts, and the frames that arrive on it.

import {$, button, make} from './page.js';

const SHOWN = 200;

/** When this page caused something, by the id that its frames show. */
const caused = new Map();

export function cause(id) {
  caused.set(String(id), performance.now());
}

/** Milliseconds from the click to now, or null for what this page did not cause. */
function latencyOf(payload) {
  let id = payload;
  try {
    const value = JSON.parse(payload);
    const sent = Date.parse(value?.sent_at);
    if (!Number.isNaN(sent)) {
      return Math.max(0, Date.now() - sent);
    }
    id = value?.id ?? value?.href ?? payload;
  } catch { /* a bare id */ }
  const at = caused.get(String(id));
  return at === undefined ? null : performance.now() - at;
}

let connections = 0;

/** A row of the table. Who extends it opens a socket, or closes what else it opens, and says what arrived. */
export class Connection {
  constructor(transport, what) {
    this.number = ++connections;
    this.latencies = [];
    this.frames = 0;
    this.row = make('tr');
    this.cells = {};
    for (const name of ['number', 'what', 'state', 'frames', 'last', 'median', 'action']) {
      this.cells[name] = this.row.appendChild(make('td'));
    }
    this.cells.number.textContent = `${this.number} ${transport}`;
    this.cells.what.textContent = what;
    this.cells.action.append(button('Close', `Close connection ${this.number}`, () => this.close()));
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

  /** Opens it again a little later; false if that was tried often enough. */
  again() {
    this.attempts = (this.attempts ?? 0) + 1;
    if (this.attempts > 5) {
      return false;
    }
    this.state('reconnecting');
    setTimeout(() => this.closing || this.open(), 500 * this.attempts);
    return true;
  }

  close() {
    this.closing = true;
    if (this.socket.readyState === WebSocket.CLOSED) {
      this.ended('closed');
    }
    this.socket.close();
  }

  count() {
    const sorted = [...this.latencies].sort((a, b) => a - b);
    const ms = (n) => (n === undefined ? '–' : `${Math.round(n)} ms`);
    this.cells.frames.textContent = this.frames;
    this.cells.last.textContent = ms(this.latencies.at(-1));
    this.cells.median.textContent = ms(sorted[Math.floor(sorted.length / 2)]);
  }

  arrived(where, event, payload) {
    const latency = /^(edgestream\.|pusher(_internal)?:)/.test(event) ? null : latencyOf(payload);
    this.frames++;
    if (latency !== null) {
      this.latencies.push(latency);
    }
    this.count();
    show(this, where, event, payload, latency);
  }
}

function show(connection, where, event, payload, latency) {
  const line = make('li');
  const what = line.appendChild(make('div', '', 'what'));
  what.append(make('b', event), make('span', `#${connection.number}`), make('span', where));
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

$('clear').onclick = () => {
  $('frames').textContent = '';
  $('count').textContent = '0';
};
