/**
 * `node --import ./scripts/tied-to-parent.mjs …` with a pipe as standard input: the process ends when the one that
 * started it does, however that ended, because the kernel closes the other end of the pipe. The parent names itself in
 * OFFSWITCH_TIED_TO, so that a grandchild that inherits our arguments is not tied by mistake.
 */
if (Number(process.env['OFFSWITCH_TIED_TO']) === process.ppid) {
  const cut = () => process.kill(process.pid, 'SIGKILL');
  process.stdin.on('end', cut);
  process.stdin.on('error', cut);
  process.stdin.resume();
  process.stdin.unref?.();
}
