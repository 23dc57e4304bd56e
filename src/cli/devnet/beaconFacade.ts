/**
 * A beacon API in front of anvil. Anvil answers for blobs by execution block number and knows no slots; clients ask by
 * slot, which they compute from a timestamp. This maps one to the other, and reports finality as anvil's tags have it.
 * Routes: https://ethereum.github.io/beacon-APIs
 */
import { type ServerType, serve } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { CriticalError } from '../../primitives/errors.ts'
import type { Anvil } from './anvil.ts'

export type BeaconFacade = { readonly url: string; close(): Promise<void> }

type ExecutionBlock = { readonly number: string; readonly hash: string; readonly timestamp: string }

export async function startBeaconFacade(options: {
  readonly anvil: Anvil
  readonly port: number
  /** Timestamp of slot 0, seconds. */
  readonly genesisTime: bigint
  readonly secondsPerSlot: bigint
}): Promise<BeaconFacade> {
  const { anvil, genesisTime, secondsPerSlot } = options
  const app = new Hono()
  const notFound = (c: Context, what: string) => c.json({ code: 404, message: `${what} not found` }, 404)

  const blockBy = async (id: string): Promise<ExecutionBlock | null> => {
    if (/^0x[0-9a-f]{64}$/.test(id)) {
      return (await anvil.request('eth_getBlockByHash', [id, false])) as ExecutionBlock | null
    }
    if (id === 'head') return blockByTag('latest')
    if (id === 'finalized') return blockByTag('finalized')
    return /^[0-9]+$/.test(id) ? blockAtSlot(BigInt(id)) : null
  }
  const blockByTag = async (tag: string) =>
    (await anvil.request('eth_getBlockByNumber', [tag, false])) as ExecutionBlock | null

  /** Timestamps grow by one slot or more from block to block, so the block of a slot is at most that many blocks in. */
  const blockAtSlot = async (slot: bigint): Promise<ExecutionBlock | null> => {
    const wanted = genesisTime + slot * secondsPerSlot
    let low = 0n
    let high = BigInt((await blockByTag('latest'))?.number ?? 0)
    while (low <= high) {
      const middle = (low + high) / 2n
      const block = await blockByTag(`0x${middle.toString(16)}`)
      if (!block) return null
      const timestamp = BigInt(block.timestamp)
      if (timestamp === wanted) return block
      if (timestamp < wanted) low = middle + 1n
      else high = middle - 1n
    }
    return null
  }
  const slotOf = (block: ExecutionBlock) => (BigInt(block.timestamp) - genesisTime) / secondsPerSlot

  app.get('/eth/v1/node/version', (c) => c.json({ data: { version: 'plumbline-devnet' } }))
  app.get('/eth/v1/node/syncing', (c) =>
    c.json({ data: { is_syncing: false, is_optimistic: false, el_offline: false } }),
  )
  app.get('/eth/v1/beacon/genesis', (c) => c.json({ data: { genesis_time: genesisTime.toString() } }))
  app.get('/eth/v1/config/spec', (c) => c.json({ data: { SECONDS_PER_SLOT: secondsPerSlot.toString() } }))

  app.get('/eth/v1/beacon/blobs/:id', async (c) => {
    const block = await blockBy(c.req.param('id'))
    if (!block) return notFound(c, 'block')
    const query = new URL(c.req.url).search
    const response = await fetch(`${anvil.url}/eth/v1/beacon/blobs/${BigInt(block.number)}${query}`)
    return c.body(await response.text(), response.status as 200, { 'content-type': 'application/json' })
  })

  app.get('/eth/v1/beacon/states/:id/finality_checkpoints', async (c) => {
    const [safe, finalized] = [await blockByTag('safe'), await blockByTag('finalized')]
    const checkpoint = (block: ExecutionBlock | null) => ({
      epoch: block ? slotOf(block).toString() : '0',
      root: block?.hash ?? `0x${'00'.repeat(32)}`,
    })
    return c.json({
      data: {
        previous_justified: checkpoint(safe),
        current_justified: checkpoint(safe),
        finalized: checkpoint(finalized),
      },
    })
  })

  // The root of a beacon block is the hash of its execution block here: there is no other chain behind it.
  app.get('/eth/v2/beacon/blocks/:id', async (c) => {
    const block = await blockBy(c.req.param('id'))
    if (!block) return notFound(c, 'block')
    const payload = { block_hash: block.hash, block_number: BigInt(block.number).toString() }
    return c.json({
      version: 'fulu',
      finalized: false,
      data: { message: { slot: slotOf(block).toString(), body: { execution_payload: payload } } },
    })
  })
  app.get('/eth/v1/beacon/headers/:id', async (c) => {
    const block = await blockBy(c.req.param('id'))
    if (!block) return notFound(c, 'block')
    return c.json({
      data: { root: block.hash, canonical: true, header: { message: { slot: slotOf(block).toString() } } },
    })
  })

  const server = await listen(app, options.port)
  return {
    url: `http://127.0.0.1:${server.port}`,
    close: () => new Promise((resolve) => server.server.close(() => resolve())),
  }
}

function listen(app: Hono, port: number): Promise<{ server: ServerType; port: number }> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port }, (info) =>
      resolve({ server, port: info.port }),
    )
    server.once('error', (cause) =>
      reject(new CriticalError(`the beacon API cannot listen on port ${port}: ${cause.message}`, { cause })),
    )
  })
}
