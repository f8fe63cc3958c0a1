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

  // restart forgets what has ended so far.
  restart() {
    this.#from = read().length;
  }

  // ended lists the ended invocations of a route, such as "subscribe" or "$connect".
  ended(route) {
    return this.#lines().filter((line) => line.route === route);
  }

  // untilPublished waits until the changes of n items have been published.
  untilPublished(n = 1) {
    return until(() => {
      const found = this.#lines().filter((line) => line.records);
      return found.reduce((sum, { records }) => sum + records, 0) >= n && found;
    }, `${n} published changes`);
  }

  // untilEnded waits until n invocations of the route have ended.
  untilEnded(route, n = 1) {
    return until(() => {
      const found = this.ended(route);
      return found.length >= n && found;
    }, `${n} invocations of ${route}`);
  }

  #lines() {
    return lines(read().subarray(this.#from));
  }
}

function read() {
  return readFileSync(RUNNER_LOG);
}

function lines(bytes) {
  const whole = bytes.subarray(0, bytes.lastIndexOf("\n") + 1).toString();
  return whole
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

// follows reports whether one invocation began after another had ended, by lines of the log.
export function follows(later, earlier) {
  return Date.parse(later.time) - later.ms > Date.parse(earlier.time) + 1;
}
