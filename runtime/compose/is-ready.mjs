/** Exit 0 iff the service, or the gateway at the port given as argument, is ready. */
const port = process.argv[2] ?? process.env.PORT ?? '8420';
const answer = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => null);
process.exit(answer?.ok === true ? 0 : 1);
