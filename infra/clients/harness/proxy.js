// A way to the edge that can be cut.
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { edgeURL } from "./edgestream.js";

export class Proxy {
  #server;
  #sockets = new Set();

  static async start() {
    const proxy = new Proxy();
    const { hostname, port } = new URL(edgeURL);
    proxy.#server = createServer((client) => {
      const edge = connect(port, hostname);
      client.pipe(edge).pipe(client);
      for (const socket of [client, edge]) {
        proxy.#sockets.add(socket);
        socket.on("error", () => {}); // the other side is told by its own end
        socket.on("close", () => (proxy.#sockets.delete(socket), client.destroy(), edge.destroy()));
      }
    }).listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    proxy.url = `http://127.0.0.1:${proxy.#server.address().port}`;
    return proxy;
  }

  // cut ends all connections without a word.
  cut() {
    for (const socket of this.#sockets) socket.destroy();
  }

  stop() {
    this.#server.close();
    this.cut();
  }
}
