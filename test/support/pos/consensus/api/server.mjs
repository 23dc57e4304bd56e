/** The routes over HTTP on 127.0.0.1. A handler answers with JSON, or has answered itself. */
import { createServer } from 'node:http'
import { ApiError, sendJson } from './answer.mjs'
import { blockRoutes } from './blockRoutes.mjs'
import { dutyRoutes } from './dutyRoutes.mjs'
import { eventRoutes } from './eventRoutes.mjs'
import { nodeRoutes } from './nodeRoutes.mjs'
import { plumblineRoutes } from './plumblineRoutes.mjs'
import { proofRoutes } from './proofRoutes.mjs'
import { stateRoutes } from './stateRoutes.mjs'

/** Resolves to the URL. */
export function serveBeaconApi(chain, driver) {
  const routes = Object.entries({
    ...nodeRoutes(chain),
    ...blockRoutes(chain),
    ...stateRoutes(chain),
    ...dutyRoutes(chain),
    ...eventRoutes(chain),
    ...proofRoutes(chain),
    ...plumblineRoutes(chain, driver),
  }).map(([key, handle]) => ({ pattern: patternOf(key), handle }))

  const answer = async (request, response) => {
    const url = new URL(request.url, 'http://127.0.0.1')
    for (const { pattern, handle } of routes) {
      const match = pattern.exec(`${request.method} ${url.pathname}`)
      if (match === null) continue
      const body = await handle(match.groups ?? {}, { request, response, query: url.searchParams })
      if (body !== undefined) sendJson(response, body, { version: body.version })
      return
    }
    throw new ApiError(404, `there is no route ${request.method} ${url.pathname}`)
  }
  const server = createServer((request, response) => {
    answer(request, response).catch((error) => {
      const code = error instanceof ApiError ? error.status : 500
      if (code === 500) console.error(error)
      if (!response.headersSent) sendJson(response, { code, message: error.message }, { status: code })
    })
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}`))
  })
}

const patternOf = (key) => new RegExp(`^${key.replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`)
