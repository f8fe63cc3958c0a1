// Users who sign in, with pusher-js.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { newApp } from "../harness/app.js";
import { openSocket } from "../harness/channelsocket.js";
import { closeClients, name, open } from "../harness/channels.js";
import { closeAll } from "../harness/socket.js";
import { newID } from "../harness/tables.js";
import { Inbox } from "../harness/inbox.js";
import { within } from "../harness/wait.js";

const app = await newApp();

afterEach(async () => {
  closeClients();
  await closeAll();
});

const someone = (more) => ({ user: { id: `user-${newID()}`, user_info: { name: "Ünal" }, ...more } });

test("what is sent to a user reaches every connection of it, and nobody else", async () => {
  const user = someone();
  const clients = [await open(app, user), await open(app, user)];
  const own = [await clients[0].signIn(), await clients[1].signIn()];
  const other = await open(app, someone());
  const others = await other.signIn();
  const heard = new Inbox();
  clients[0].pusher.user.bind("greeting", (data) => heard.add(data));
  await app.server.sendToUser(user.user.id, "greeting", { text: "é" });
  for (const channel of own) await channel.expect(["greeting", { text: "é" }]);
  assert.deepEqual(await heard.take("the greeting"), { text: "é" });
  await app.server.sendToUser(other.pusher.user.user_data.id, "marker", 1);
  await others.expect(["marker", 1]);
});

test("who is signed in is who its server said", async () => {
  const user = someone({ more: [1, { a: null }] });
  const client = await open(app, user);
  await client.signIn();
  assert.deepEqual(client.pusher.user.user_data, user.user);
});

test("who is signed in may sign in again, and as nobody else", async () => {
  const socket = await openSocket(app);
  for (const [id, event] of [["1", "pusher:signin_success"], ["1", "pusher:signin_success"], ["2", "pusher:error"]]) {
    socket.send({ event: "pusher:signin", data: app.server.authenticateUser(socket.id, { id }) });
    const answer = JSON.parse(await socket.next(event));
    assert.equal(answer.event, event);
    if (event === "pusher:error") assert.equal(answer.data.code, 4009);
  }
});

test("nobody subscribes to the channel of a user that it is not", async () => {
  const user = someone();
  const client = await open(app, someone());
  await client.signIn();
  client.pusher.send_event("pusher:subscribe", { channel: `#server-to-user-${user.user.id}`, auth: "" });
  const message = await client.message("pusher:subscription_error");
  assert.equal(message.channel, `#server-to-user-${user.user.id}`);
  assert.equal(message.data.status, 401);
});

test("a sign-in with a wrong signature is refused", async () => {
  const user = someone();
  const client = await open(app, user);
  const signed = app.server.authenticateUser("1.1", user.user);
  client.pusher.send_event("pusher:signin", signed);
  const error = await client.errors.take("the refusal");
  assert.equal(error.data.code, 4009);
  assert.equal(client.pusher.connection.state, "connected");
});

test("a watchlist tells who is there, who comes and who goes", async () => {
  const [there, coming] = [someone(), someone()];
  const first = await open(app, there);
  await first.signIn();
  const watcher = await open(app, someone({ watchlist: [there.user.id, coming.user.id] }));
  const seen = new Inbox();
  for (const name of ["online", "offline"]) watcher.pusher.user.watchlist.bind(name, (event) => seen.add(event));
  await watcher.signIn();
  const state = { [(await nextOf(seen, there)).name]: there.user.id };
  assert.deepEqual(state, { online: there.user.id });
  const second = await open(app, coming);
  await second.signIn();
  assert.equal((await nextOf(seen, coming, "online")).name, "online");
  const tab = await open(app, coming);
  await tab.signIn();
  second.close();
  first.close();
  assert.equal((await nextOf(seen, there)).name, "offline");
  tab.close();
  assert.deepEqual(await seen.take("offline"), { name: "offline", user_ids: [coming.user.id] });
});

// nextOf takes events until there is one that names the user, with this name if one is given.
async function nextOf(seen, { user }, name) {
  for (;;) {
    const event = await seen.take(`${name ?? "an event"} of ${user.id}`);
    if (event.user_ids.includes(user.id) && event.name === (name ?? event.name)) return event;
  }
}

test("a watchlist of more than a hundred is said to be too long, and the user is signed in", async () => {
  const watchlist = Array.from({ length: 101 }, (_, n) => `w${n}`);
  const client = await open(app, someone({ watchlist }));
  await client.signIn();
  assert.equal((await client.errors.take("the refusal")).data.code, 4302);
});

test("a presence channel takes who is signed in for its member", async () => {
  const user = someone();
  const customHandler = ({ socketId, channelName }, callback) => callback(null, app.server.authorizeChannel(socketId, channelName));
  const client = await open(app, { ...user, channelAuthorization: { customHandler } });
  await client.signIn();
  const { me, members } = await client.channel(name("presence-")).subscribed();
  assert.deepEqual(me, { id: user.user.id, info: user.user.user_info });
  assert.deepEqual(Object.keys(members), [user.user.id]);
});

test("a user's connections are closed when the server says so, and are told why", async () => {
  const user = someone();
  const clients = [await open(app, user), await open(app, user)];
  for (const client of clients) await client.signIn();
  const other = await open(app, someone());
  const others = await other.signIn();
  const closed = clients.map((client) => within(new Promise((resolve) => client.pusher.connection.bind("connecting_in", resolve)), () => "the close"));
  const answer = await app.server.terminateUserConnections(user.user.id);
  assert.deepEqual([answer.status, await answer.text()], [200, "{}"]);
  for (const client of clients) assert.equal((await client.errors.take("why")).data.code, 4009);
  await Promise.all(closed);
  await app.server.sendToUser(other.pusher.user.user_data.id, "marker", 1);
  await others.expect(["marker", 1]);
});
