/**
 * `/dashboard`: the node for people. One reading a second at most serves the page, the CSV files and `data.json`. Nothing here
 * writes, and nothing comes from elsewhere: the content security policy allows this origin alone, and no script or style in a page.
 */
import type { Hono } from 'hono'
import { etag } from 'hono/etag'
import { secureHeaders } from 'hono/secure-headers'
import { toCsv } from './csv.ts'
import type { DashboardDeps } from './deps.ts'
import { readStaticFiles } from './files.ts'
import { oncePer } from './once.ts'
import { createReadDashboard } from './read/readDashboard.ts'
import { renderDefinitions } from './render/definitionsPage.ts'
import { renderPage } from './render/page.ts'
import { TABLE_IDS } from './tables/table.ts'
import { createTable } from './tables/tables.ts'

/** Milliseconds for which one reading serves everybody. */
const READING_TTL_MS = 1000

const HEADERS = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", 'data:'],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
  // Whether there is TLS before this port is for its operator to say.
  strictTransportSecurity: false,
})

export function addDashboardRoutes(app: Hono, deps: DashboardDeps): void {
  const read = createReadDashboard(deps)
  const readOnce = oncePer(
    READING_TTL_MS,
    async () => {
      const data = await read()
      return { data, page: String(await renderPage(data)) }
    },
    performance.now.bind(performance),
  )
  const readData = async () => (await readOnce()).data
  const files = readStaticFiles()

  app.get('/', (c) => c.redirect('dashboard'))
  app.get('/dashboard/', (c) => c.redirect('../dashboard'))
  app.use('/dashboard', HEADERS)
  app.use('/dashboard/*', HEADERS)
  app.get('/dashboard', async (c) => {
    c.header('Cache-Control', 'no-store')
    return c.html((await readOnce()).page)
  })
  app.get('/dashboard/data.json', async (c) => {
    c.header('Cache-Control', 'no-store')
    return c.json(await readData())
  })
  for (const id of TABLE_IDS)
    app.get(`/dashboard/${id}.csv`, async (c) =>
      c.body(toCsv(createTable(id, await readData())), 200, {
        'Content-Type': 'text/csv; charset=utf-8; header=present',
        'Content-Disposition': `attachment; filename="${id}.csv"`,
        'Cache-Control': 'no-store',
      }),
    )
  app.get('/dashboard/definitions', (c) => c.html(renderDefinitions()))
  for (const { name, contentType, body } of files)
    app.get(`/dashboard/${name}`, etag(), (c) =>
      c.body(body, 200, { 'Content-Type': contentType, 'Cache-Control': 'no-cache' }),
    )
}
