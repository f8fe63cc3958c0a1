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

// connectionOf is the id of a socket's connection, which no client is told: the runner logs it
// with a message that is ignored. Nothing else may send such messages meanwhile.
export async function connectionOf(send) {
  const from = log().length;
  send("");
  const found = () => lines(log().subarray(from)).find((line) => line.route === "$default");
  return (await until(found, "the connection's id")).connection;
}

// ended waits until n invocations of a route, such as "subscribe", have ended for a connection,
// and answers with their lines of the log.
export function ended(connection, route, n = 1) {
  return until(() => {
    const found = lines(log()).filter((line) => line.connection === connection && line.route === route);
    return found.length >= n && found;
  }, `${n} invocations of ${route}`);
}

// published does something that changes Content, and waits for the invocation that publishes.
export async function published(change) {
  const from = log().length;
  await change();
  const publish = (line) => line.function === "PublishFunction" && line.records;
  return until(() => lines(log().subarray(from)).find(publish), "the publisher");
}

// follows reports whether one invocation began after another had ended, by lines of the log.
export function follows(later, earlier) {
  return Date.parse(later.time) - later.ms > Date.parse(earlier.time) + 1;
}

function log() {
  return readFileSync(RUNNER_LOG);
}

// lines are the whole lines of the log; the runner writes one when an invocation has ended.
function lines(bytes) {
  const whole = bytes.subarray(0, bytes.lastIndexOf("\n") + 1).toString();
  const invocations = whole.split("\n").filter((line) => line.includes('"request":'));
  return invocations.map((line) => JSON.parse(line));
}
