/** What a room may take to speak: it never imports a sink. Messages are constant sentences, data goes into fields. */
export type Logger = {
  error(fields: object, message: string): void
  warn(fields: object, message: string): void
  info(fields: object, message: string): void
  debug(fields: object, message: string): void
}

export const silentLogger: Logger = { error() {}, warn() {}, info() {}, debug() {} }
