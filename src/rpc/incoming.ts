/** Who asks over HTTP. */
import type { IncomingMessage } from 'node:http'
import type { Context } from 'hono'

/** Node's own request; absent when a test asks the app without a server. */
export function incomingOf(c: Context): IncomingMessage | undefined {
  return (c.env as { readonly incoming?: IncomingMessage } | undefined)?.incoming
}
