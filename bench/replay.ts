/**
 * Proposals replayed on the state of a remote node, by its witnesses and by its proofs, in one thread and in two. What L1 and the node answer
 * is remembered from a run before, so that what is measured is ours: decoding, hashing what came, execution, roots.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { prepareProposal } from '../src/derive/prepare.ts'
import { createReplayPool } from '../src/replay/remote/pool.ts'
import { readProposals } from '../src/replay/remote/readProposals.ts'
import { STATE_WAYS } from '../src/replay/remote/replayProposal.ts'
import { anchorsOf } from '../src/replay/remote/replayRange.ts'
import { createRemoteChain } from '../test/support/replayRemote.ts'
import type { BenchRow } from './row.ts'

const PROPOSALS = 40
const CALLS = 40
const PASSES = 3

export async function run(): Promise<readonly BenchRow[]> {
  const chain = await createRemoteChain('unzen', { busy: { proposals: PROPOSALS, calls: CALLS } })
  const node = await rememberNode(chain.url)
  const { signal } = new AbortController()
  const { spec, l1 } = chain
  const limits = { requestsPerSecond: Number.MAX_SAFE_INTEGER }
  const range = await readProposals({
    ...{ spec, l1, from: BigInt(chain.count - PROPOSALS + 1), to: BigInt(chain.count), signal },
    ...{ proofBlocks: 100n, onProgress: () => {} },
  })
  const deps = { spec, l1, signal, engine: { recoverSenders: async () => [] } }
  const jobs = await Promise.all(
    range.proposals.map(async (proposal) => {
      const { sources } = await prepareProposal(deps, proposal)
      const proven = range.proven.get(proposal.id)
      return { proposal, sources, ...(proven && { proven }) }
    }),
  )
  const anchors = new Map<bigint, ReturnType<ReturnType<typeof anchorsOf>>>()
  const anchorBlock: ReturnType<typeof anchorsOf> = (proposal, number) => {
    const known = anchors.get(number) ?? anchorsOf(l1, signal)(proposal, number)
    anchors.set(number, known)
    return known
  }
  const rows: BenchRow[] = []
  for (const way of STATE_WAYS) {
    const rates: number[] = []
    for (const workers of [1, 2]) {
      const nodes = [{ name: 'bench', url: node.url, limits }]
      const pool = createReplayPool(workers, { spec, nodes, way }, anchorBlock)
      const replayAll = async () => {
        const replayed = await Promise.all(jobs.map((job) => pool.run(job)))
        if (replayed.some(({ difference }) => difference)) throw new Error('a proposal came out otherwise')
      }
      await replayAll()
      const start = performance.now()
      for (let pass = 0; pass < PASSES; pass++) await replayAll()
      const rate = (1000 * PASSES * PROPOSALS) / (performance.now() - start)
      await pool.close()
      rates.push(rate)
      const factor = workers === 1 ? '' : `, ${(rate / (rates[0] ?? rate)).toFixed(2)} times one`
      rows.push({
        name: `remote replay by ${way === 'auto' ? 'witnesses' : 'proofs'}, ${workers} worker${workers > 1 ? 's' : ''}`,
        value: rate,
        unit: 'proposals/s',
        note: `one block of ${CALLS} calls each${factor}`,
      })
    }
  }
  await node.close()
  await chain.close()
  return rows
}

/** Answers each question once from the node, then from memory. */
async function rememberNode(url: string) {
  const answers = new Map<string, Promise<string>>()
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString('utf8')
    const ask = async () => {
      const headers = { 'content-type': 'application/json' }
      return (await fetch(url, { method: 'POST', headers, body })).text()
    }
    const answer = answers.get(body) ?? ask()
    answers.set(body, answer)
    response.setHeader('content-type', 'application/json')
    response.end(await answer)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close(): Promise<void> {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
