// The running Edgestream: its addresses, and its log as a record of what has finished.
import { readFileSync } from "node:fs";
import { ApiGatewayManagementApiClient, DeleteConnectionCommand } from "@aws-sdk/client-apigatewaymanagementapi";
import { until } from "./wait.js";

const { EDGE_URL, CALLBACK_URL, RUNNER_LOG } = process.env;
if (!EDGE_URL) throw new Error("start the tests with `npm test`: they need a runner");

export const edgeURL = EDGE_URL;
export const socketURL = EDGE_URL.replace("http:", "ws:");

export const aws = { region: "us-east-1", credentials: { accessKeyId: "local", secretAccessKey: "local" } };
const management = new ApiGatewayManagementApiClient({ ...aws, endpoint: CALLBACK_URL });

// closeConnection closes a socket from the server's side.
export function closeConnection(id) {
  return management.send(new DeleteConnectionCommand({ ConnectionId: id }));
}

// Log is the runner's log from now on. The runner writes a line when an invocation has ended.
export class Log {
  #from = read().length;

  // ended lists the ended invocations of a route, such as "subscribe" or "$connect".
  ended(route) {
    return lines(read().subarray(this.#from)).filter((line) => line.route === route);
  }

  // untilEnded waits until n invocations of the route have ended.
  untilEnded(route, n = 1) {
    return until(() => {
      const found = this.ended(route);
      return found.length >= n && found;
    }, `${n} invocations of ${route}`);
  }
}

function read() {
  return readFileSync(RUNNER_LOG);
}

function lines(bytes) {
  const whole = bytes.subarray(0, bytes.lastIndexOf("\n") + 1).toString();
  return whole.split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

// starts is when the invocation of a line of the log began, in milliseconds since 1970.
export function starts({ time, ms }) {
  return Date.parse(time) - ms;
}
