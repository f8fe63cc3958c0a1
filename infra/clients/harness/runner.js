// Starts the local runner on free ports, runs a command with its addresses in the environment,
// and stops the runner again, whatever becomes of the command:
//
//   node harness/runner.js COMMAND…
//
// The command finds EDGE_URL, DYNAMODB_URL, CALLBACK_URL, RUNNER (the runner's binary) and
// RUNNER_LOG, the file to which the runner writes one JSON object per line: the one that the variable
// names already, or .cache/logs/clients-runner.log. The exit status is the command's.
import { spawn } from "node:child_process";
import { createWriteStream, mkdirSync } from "node:fs";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const binary = `${root}.cache/bin/local`;
const logFile = process.env.RUNNER_LOG ?? `${root}.cache/logs/clients-runner.log`;

// The first start builds the functions, which takes minutes on a busy machine.
const startDeadline = 300_000;

async function main(command) {
  const runner = startRunner();
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => runner.kill("SIGTERM"));
  try {
    const addresses = await ready(runner);
    return await run(command, addresses);
  } finally {
    await stop(runner);
  }
}

function startRunner() {
  const free = "127.0.0.1:0";
  const flags = ["--listen", free, "--api", free, "--dynamodb-listen", free, "--log", "json", "--stream-poll", "50ms"];
  // Responses of half a minute, so that tests see them end.
  flags.push("--parameter", "SseMinutes=0.5", "--parameter", "SsePollMilliseconds=100");
  return spawn(binary, flags, { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
}

// ready copies the runner's output to the log and answers with the line that says it is ready.
function ready(runner) {
  mkdirSync(`${root}.cache/logs`, { recursive: true });
  const log = createWriteStream(logFile);
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`the runner is not ready, see ${logFile}`)), startDeadline);
    const fail = (error) => {
      clearTimeout(late);
      reject(error);
    };
    runner.on("error", fail);
    runner.on("exit", (status) => fail(new Error(`the runner ended with status ${status}, see ${logFile}`)));
    createInterface({ input: runner.stdout }).on("line", (line) => {
      log.write(`${line}\n`);
      if (line.includes('"ready":true')) {
        clearTimeout(late);
        resolve(JSON.parse(line));
      }
    });
  });
}

async function run([program, ...args], { edge, dynamodb, callback }) {
  const env = {
    ...process.env,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
    EDGE_URL: edge,
    DYNAMODB_URL: dynamodb,
    CALLBACK_URL: callback,
    RUNNER: binary,
    RUNNER_LOG: logFile,
  };
  const child = spawn(program, args, { stdio: "inherit", env });
  const [status] = await once(child, "exit");
  return status ?? 1;
}

async function stop(runner) {
  if (runner.exitCode !== null || runner.signalCode !== null) return;
  const ended = once(runner, "exit");
  runner.kill("SIGTERM");
  const cut = setTimeout(() => runner.kill("SIGKILL"), 20_000);
  await ended;
  clearTimeout(cut);
}

process.exitCode = await main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  return 1;
});
