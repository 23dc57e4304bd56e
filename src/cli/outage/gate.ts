/** A door before an HTTP service of the devnet: what is asked for may pass, be withheld as if it were not there, or be answered as before. */
import type { ServerType } from '@hono/node-server'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'

export type GateRule = (path: string) => 'pass' | 'withhold' | 'asBefore'

export type Gate = {
  readonly url: string
  /** From now on; at first everything passes. */
  setRule(rule: GateRule): void
  close(): Promise<void>
}

export async function startGate(target: string): Promise<Gate> {
  let rule: GateRule = () => 'pass'
  const before = new Map<string, string>()
  const app = new Hono()
  app.get('*', async (c) => {
    const { pathname, search } = new URL(c.req.url)
    const path = `${pathname}${search}`
    const decision = rule(pathname)
    if (decision === 'withhold') return c.json({ code: 404, message: 'not served' }, 404)
    const known = decision === 'asBefore' ? before.get(path) : undefined
    if (known !== undefined) return c.body(known, 200, { 'content-type': 'application/json' })
    const response = await fetch(`${target}${path}`)
    const text = await response.text()
    // Answers by number or hash are large and many; what is answered as before is asked for by the same name again and again.
    if (response.ok && /\/(head|finalized|justified)\//.test(pathname)) before.set(path, text)
    return c.body(text, response.status as 200, { 'content-type': 'application/json' })
  })
  return {
    ...(await listenAnywhere(app)),
    setRule(next) {
      rule = next
    },
  }
}

/** On a free port of this machine. */
export async function listenAnywhere(app: Hono): Promise<Pick<Gate, 'url' | 'close'>> {
  let server: ServerType | undefined
  const port = await new Promise<number>((resolve) => {
    server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, (info) => resolve(info.port))
  })
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server?.close(() => resolve())
        // Connections that a node keeps open would be waited for.
        if (server && 'closeAllConnections' in server) server.closeAllConnections()
      }),
  }
}
