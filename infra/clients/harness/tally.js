// A reporter of node's test runner whose one line is `N passed, N failed, N skipped`, the line
// that infra/test adds up.
export default async function* tally(events) {
  const count = { passed: 0, failed: 0, skipped: 0 };
  for await (const { type, data } of events) {
    if ((type !== "test:pass" && type !== "test:fail") || data.details?.type === "suite") continue;
    if (data.skip !== undefined || data.todo !== undefined) count.skipped++;
    else if (type === "test:pass") count.passed++;
    else count.failed++;
  }
  yield `${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`;
}
