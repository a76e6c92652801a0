/** Arguments that cannot be used (exit code 2). The message says what to write instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Something tried that did not work (exit code 1), already told in words for the person at the terminal. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError'
}

/** One that may pass: the same may work later. */
export class TemporaryError extends CommandError {
  override readonly name = 'TemporaryError'
}

/** The port is another server's. */
export class PortInUseError extends CommandError {
  override readonly name = 'PortInUseError'
}
