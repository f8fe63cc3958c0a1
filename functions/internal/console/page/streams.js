// Streams of Mastodon's streaming API, over either transport.

import {Connection} from './connection.js';
import {$, make} from './page.js';

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
const STREAMING = '/api/v1/streaming';

export class SocketConnection extends Connection {
  constructor(streams, accessToken, ids) {
    super('WebSocket', streams.map((s) => s.label).join(', '));
    this.streams = streams;
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
    if (this.closing || !this.ids || code === 1008 || !this.again()) {
      this.ended(`closed (${code})`);
    }
  }
}

export class EventSourceConnection extends Connection {
  constructor(stream, accessToken) {
    super('SSE', stream.label);
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

/** Streams that are chosen on the page, each with the parameter that it takes. */
export function chosenStreams() {
  return [...document.querySelectorAll('#streams input:checked')].map(({value}) => chosen(value));
}

function chosen(name) {
  if (name.startsWith('hashtag')) {
    return {name, parameters: {tag: $('tag').value}, label: `${name} ${$('tag').value}`};
  }
  if (name === 'list') {
    return {name, parameters: {list: $('list').value}, label: `list ${$('list').value}`};
  }
  return {name, parameters: {}, label: name};
}

for (const name of Object.keys(STREAMS)) {
  const label = make('label', '', 'choice');
  const box = Object.assign(make('input'), {type: 'checkbox', value: name, name: 'stream', checked: name === 'user'});
  label.append(box, ` ${name}`);
  $('streams').append(label);
}
