/** A blob archive of the devnet: every blob that anvil has, by its versioned hash. */
import { Hono } from 'hono'
import type { Hash, Hex } from '../../primitives/hex.ts'
import { type Gate, listenAnywhere } from './gate.ts'
import type { SteppedL1 } from './steppedL1.ts'

export function startBlobArchive({ request }: SteppedL1): Promise<Pick<Gate, 'url' | 'close'>> {
  const app = new Hono()
  app.get('/blobs/:hash', async (c) => {
    const versionedHash: Hash = `0x${c.req.param('hash').replace(/^0x/, '')}`
    const data = (await request('anvil_getBlobByHash', [versionedHash])) as Hex | null
    return data === null ? c.json({ error: 'blob not found' }, 404) : c.json({ versionedHash, data })
  })
  return listenAnywhere(app)
}
