// The console: opens connections, shows what arrives, and writes content.

import {ChannelConnection} from './channels.js';
import './items.js';
import {$, call, make, say, token} from './page.js';
import {EventSourceConnection, SocketConnection, chosenStreams} from './streams.js';
import './write.js';

/** How each transport connects. */
const CONNECT = {
  websocket: () => listen((streams) => new SocketConnection(streams, token(), $('event-ids').checked)),
  sse: () => listen((streams) => streams.forEach((s) => new EventSourceConnection(s, token()))),
  channels: join,
};

function listen(connect) {
  const streams = chosenStreams();
  if (streams.length > 0) {
    connect(streams);
    return;
  }
  say('Choose a stream first.');
  $('streams').querySelector('input').focus();
}

async function join() {
  const key = $('key').value.trim();
  let channel = $('channel').value.trim();
  if (channel.includes('{account}')) {
    const who = await call('GET', '/console/account');
    if (!who) {
      return;
    }
    channel = channel.replace('{account}', who.account);
  }
  new ChannelConnection(key, channel, token());
}

const transport = () => new FormData($('listen')).get('transport');

$('listen').onsubmit = (submit) => {
  submit.preventDefault();
  CONNECT[transport()]();
};

/** Shows what the chosen transport needs to know. */
function showChoice() {
  const channels = transport() === 'channels';
  $('of-streams').hidden = channels;
  $('of-channels').hidden = !channels;
  $('of-channels').disabled = !channels;
}

/** Shows what the stack offers. */
function showProtocols({protocols}) {
  for (const part of document.querySelectorAll('[data-of]')) {
    part.hidden = protocols !== 'both' && part.dataset.of !== protocols;
  }
  if (protocols === 'pusher') {
    $('listen').elements.transport.value = 'channels';
  }
}

$('listen').onchange = showChoice;
showProtocols(document.documentElement.dataset);
showChoice();

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

function suggest(value) {
  $('tokens').append(Object.assign(make('option'), {value}));
}

if (['localhost', '127.0.0.1', '[::1]'].includes(location.hostname)) {
  ['alice', 'bob'].forEach(suggest);
  $('token').value = 'alice';
  $('key').value = '36b8e92a50487f79cbb3';
}
