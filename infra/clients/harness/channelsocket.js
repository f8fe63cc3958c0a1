// A plain socket of the Channels protocol.
import { connect } from "./socket.js";

// openSocket opens a socket of the app and takes the greeting. id is the socket's id.
export async function openSocket(app, query = { protocol: 7 }) {
  const socket = await connect({ to: `/app/${app.key}`, query });
  socket.id = JSON.parse(JSON.parse(await socket.next("the greeting")).data).socket_id;
  socket.subscribe = (channel, member, signed = authOf(app, socket.id, channel, member)) => {
    socket.send({ event: "pusher:subscribe", data: { channel, ...signed } });
  };
  return socket;
}

// authOf is what the app's server sends a client that wants to subscribe.
export function authOf(app, socketID, channel, member) {
  if (!/^(private|presence)-/.test(channel)) return { auth: "" };
  const { auth, channel_data } = app.server.authorizeChannel(socketID, channel, member);
  return { auth, channel_data };
}

// frameOf is a frame of the server: data is the text that its string holds.
export function frameOf(event, channel, data) {
  return JSON.stringify({ event, channel, data });
}
