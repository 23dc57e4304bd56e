/** How the provers wrote down blocks before Ontake: raiko without a fork's name (July 2024), then under the name of a testnet. */
import { expect, test } from 'vitest'
import { ZERO_ADDRESS, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { keccak256Hex } from '../../../src/primitives/keccak.ts'
import { chainSpec } from '../../../src/replay/guest/chainSpec.ts'
import { parseProposal } from '../../../src/replay/guest/proposal.ts'
import { forkAt } from '../../../src/spec/rollupSpec.ts'

const list = Uint8Array.of(1, 2, 3)
const meta = {
  l1Hash: ZERO_HASH,
  difficulty: ZERO_HASH,
  blobHash: keccak256Hex(list),
  extraData: ZERO_HASH,
  depositsHash: ZERO_HASH,
  coinbase: ZERO_ADDRESS,
  id: 182_300,
  gasLimit: 240_000_000,
  timestamp: 1_721_280_683,
  l1Height: 20_331_334,
  minTier: 200,
  blobUsed: true,
  parentMetaHash: ZERO_HASH,
  sender: ZERO_ADDRESS,
}
const event = {
  blockId: '0x2c81c',
  assignedProver: ZERO_ADDRESS,
  livenessBond: 125_000_000_000_000_000_000,
  meta,
  depositsProcessed: [],
}
const specWith = (hardForks: object, chainId = 167_000) =>
  chainSpec.parse({
    name: 'taiko_mainnet',
    chain_id: chainId,
    hard_forks: hardForks,
    l1_contract: '0x06a9ab27c7e2255df1815e6cc0168d7755feb19a',
    l2_contract: '0x1670000000000000000000000000000000010001',
  })
const spec = specWith({ SHANGHAI: { Block: 0 }, CANCUN: 'TBD' })

test('the event alone, and under the name Hekla, is one and the same block', () => {
  const alone = parseProposal(spec, event)
  expect(alone).toMatchObject({ fork: 'genesis', id: 182_300n, originBlockNumber: 20_331_334n })
  expect(alone.l1.blockNumber).toBe(20_331_335n)
  expect(parseProposal(spec, { Hekla: event })).toEqual(alone)
})

test('its list in calldata must hash to what the event says', () => {
  const inCalldata = { ...event, meta: { ...meta, blobUsed: false } }
  expect(parseProposal(spec, inCalldata, list).sources[0]).toMatchObject({ calldata: list })
  expect(() => parseProposal(spec, inCalldata, Uint8Array.of(9))).toThrow(/list hashes to/)
  expect(() => parseProposal(spec, inCalldata)).toThrow(/lacks the proposal's list/)
})

test('deposits are refused', () => {
  expect(() => parseProposal(spec, { ...event, depositsProcessed: [{}] })).toThrow(/pays out deposits/)
})

test('every chain spec of that time begins with the genesis fork', () => {
  const forkOf = (hardForks: object, number: bigint) =>
    forkAt(specWith(hardForks), { number, timestamp: 1_721_280_683n })
  expect(forkOf({ SHANGHAI: { Block: 0 } }, 182_300n)).toBe('genesis')
  expect(forkOf({ HEKLA: { Block: 0 }, CANCUN: 'TBD' }, 182_300n)).toBe('genesis')
  const later = { HEKLA: { Block: 0 }, ONTAKE: { Block: 538_304 } }
  expect([forkOf(later, 538_303n), forkOf(later, 538_304n)]).toEqual(['genesis', 'ontake'])
  expect(forkOf({ ONTAKE: { Block: 0 } }, 1n)).toBe('ontake')
  expect(spec.l1.legacyInbox).toBe('0x06a9ab27c7e2255df1815e6cc0168d7755feb19a')
})

test('of the chains, Hekla alone measures a list in calldata inflated', () => {
  expect(spec.l2.boundsInflatedCalldata).toBeUndefined()
  expect(specWith({}, 167_009).l2.boundsInflatedCalldata).toBe(true)
})
