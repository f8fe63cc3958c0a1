// The two transports behind one face, for what must be the same on both.
import { closeAll, connectAs, frame } from "./socket.js";
import { endAll, listen } from "./sse.js";

const paths = { user: "user", "user:notification": "user/notification", public: "public", hashtag: "hashtag", list: "list" };

// Each opens one stream of an account, named as on a socket with its parameter, and answers with
//
//	expect(event, payload)  the next event must be this one; no payload is undefined
//	ended()                 waits until the server has ended the connection
//
export const transports = {
  websocket: async (account, { stream, ...params }) => {
    const socket = await connectAs(account, { stream, ...params });
    return {
      expect: (event, payload) => socket.expect(frame([stream, ...Object.values(params)], event, payload)),
      ended: () => socket.code(),
    };
  },
  sse: async (account, { stream, ...params }) => {
    const response = await listen(account, paths[stream], { query: params });
    return {
      expect: (event, payload) => response.expect(event, payload ?? "null"),
      ended: () => response.ended(),
    };
  },
};

// endTransports ends what a test has left open.
export async function endTransports() {
  await Promise.all([closeAll(), endAll()]);
}
