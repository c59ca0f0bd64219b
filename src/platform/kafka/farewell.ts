const POLITE_MS = 1_000;

/** Leaves politely, within a second: kafkajs may wait for what never comes, also when its connections are cut. */
export async function farewell(client: { disconnect(): Promise<void> }): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, POLITE_MS);
  });
  await Promise.race([client.disconnect().catch(() => undefined), late]);
  clearTimeout(timer);
}
