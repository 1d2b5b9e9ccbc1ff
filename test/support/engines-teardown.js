/** Stops the engines when the last project that uses them is done. */
export default async function teardown() {
  const running = globalThis.countersignEngines;
  running.users -= 1;
  if (running.users > 0) return;
  await Promise.all(running.children.map((child) => child.stop()));
}
