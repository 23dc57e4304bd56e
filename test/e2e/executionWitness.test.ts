/** `plumbline replay` of one block of a node that runs, from the answers of the node's own methods. */
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createWorkplace, isBuilt, type Workplace } from '../support/e2e.ts'
import { createDerivedNode, type DerivedNode } from '../support/rpcDerived.ts'

/** Bounds a hanging test; nothing here is timed. */
const TIMEOUT_MS = 180_000

describe.skipIf(!isBuilt)('replay of a block (needs the compiled program)', () => {
  let place: Workplace
  let node: DerivedNode
  beforeAll(async () => {
    place = await createWorkplace()
    node = await createDerivedNode()
  }, TIMEOUT_MS)
  afterAll(async () => {
    await node?.close()
    await place?.close()
  })

  const run = async (...args: string[]) => {
    const cli = place.start(['replay', '--json', ...args])
    const exit = await cli.exit()
    return {
      exit,
      rows: cli
        .output()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    }
  }

  test(
    'matches with the chain in the file or beside it, and is refused without one',
    async () => {
      const block = await node.answer('debug_getRawBlock', '0x1')
      const witness = await node.answer('debug_executionWitness', '0x1')
      const spec = await node.answer('based_rollupConfig')
      const { hash } = await node.answer('eth_getBlockByNumber', '0x1', false)
      const write = (name: string, content: object) =>
        writeFileSync(place.path(name), JSON.stringify(content))
      write('whole.json', { block, witness, spec })
      write('bare.json', { block, witness })
      write('rollup.json', spec)
      write('short.json', { block, witness: { ...witness, state: witness.state.slice(1) }, spec })

      const whole = await run('whole.json')
      expect(whole.exit).toEqual({ code: 0, signal: null })
      expect(whole.rows).toMatchObject([{ block: 1, hash, expected: hash, match: true, txs: 4, dropped: 0 }])
      const beside = await run('--rollup.config', place.path('rollup.json'), 'bare.json')
      expect(beside.rows).toMatchObject([{ hash, match: true }])

      const refused = await run('bare.json', 'short.json')
      expect(refused.exit).toEqual({ code: 1, signal: null })
      expect(refused.rows.map(({ error }) => error)).toEqual([
        'the file has no spec; name its chain with --rollup.config or --network',
        expect.stringMatching(/^state is incomplete: trie node 0x/),
      ])
    },
    TIMEOUT_MS,
  )
})
