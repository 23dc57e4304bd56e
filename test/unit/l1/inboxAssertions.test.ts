/** What one server alone may say of the inbox at the start: nothing that stops the node, whatever it invents. */
import { createMerkleProof, createMPT } from '@ethereumjs/mpt'
import { encodeFunctionResult } from 'viem'
import { expect, test } from 'vitest'
import { assertInbox } from '../../../src/l1/inboxAssertions.ts'
import type { L1Header } from '../../../src/l1/l1.ts'
import { createL1Provider } from '../../../src/l1/provider.ts'
import { readStorage } from '../../../src/l1/storageProof.ts'
import {
  type Address,
  bytesToHex,
  type Hash,
  type Hex,
  hexToBytes,
  ZERO_ADDRESS as ZERO,
  ZERO_HASH,
} from '../../../src/primitives/hex.ts'
import { keccak256 } from '../../../src/primitives/keccak.ts'
import { encodeRlp } from '../../../src/primitives/rlp.ts'
import { inboxAbi } from '../../../src/protocol/shasta/abi.ts'
import { taikoMainnet } from '../../../src/spec/networks/taikoMainnet.ts'
import { silentLogger } from '../../../src/telemetry/log.ts'

const { inbox, inboxImplementations = [], checkpoints } = taikoMainnet.l1
const KNOWN = inboxImplementations[0]!
const UNKNOWN: Address = `0x${'99'.repeat(20)}`
const SLOT: Hash = '0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc'
const wordOf = (address: Address): Hex => `0x${'00'.repeat(12)}${address.slice(2)}`

const CONFIG = encodeFunctionResult({
  abi: inboxAbi,
  functionName: 'getConfig',
  result: {
    ...{
      proofVerifier: ZERO,
      proposerChecker: ZERO,
      proverWhitelist: ZERO,
      signalService: checkpoints!.store,
    },
    ...{ bondToken: ZERO, minBond: 0n, livenessBond: 0n, withdrawalDelay: 0, provingWindow: 0 },
    ...{
      permissionlessProvingDelay: 0,
      maxProofSubmissionDelay: 0,
      ringBufferSize: 1,
      basefeeSharingPctg: 75,
    },
    ...{ forcedInclusionDelay: 0, forcedInclusionFeeInGwei: 0n, forcedInclusionFeeDoubleThreshold: 0n },
    permissionlessInclusionMultiplier: 0,
  },
})
const CORE_STATE = `0x${'00'.repeat(6 * 32)}` as const

/** A state with one account, whose storage has one slot, and what a server says of it. */
async function stateWith(account: (storageRoot: Uint8Array) => Uint8Array, leaf: Uint8Array) {
  const storage = await createMPT({ useKeyHashing: false })
  await storage.put(keccak256(hexToBytes(SLOT)), leaf)
  const state = await createMPT({ useKeyHashing: false })
  await state.put(keccak256(hexToBytes(inbox)), account(storage.root()))
  const proofOf = async (trie: typeof state, key: Hex) =>
    (await createMerkleProof(trie, keccak256(hexToBytes(key)))).map(bytesToHex)
  return {
    header: { number: 1n, hash: bytesToHex(state.root()), stateRoot: bytesToHex(state.root()) } as L1Header,
    proof: {
      accountProof: await proofOf(state, inbox),
      storageProof: [{ key: SLOT, value: '0x0', proof: await proofOf(storage, SLOT) }],
    },
  }
}

const accountWith = (root: Uint8Array) =>
  encodeRlp([Uint8Array.of(1), new Uint8Array(0), root, keccak256(new Uint8Array(0))])
const running = (implementation: Address) => stateWith(accountWith, encodeRlp(hexToBytes(implementation)))

type Answers = {
  readonly implementation?: Address
  readonly config?: Hex
  readonly coreState?: Hex
  readonly proof?: object | null
  /** Its block of every number. */
  readonly hash?: Hash
}

const server = (name: string, answers: Answers) => ({
  name,
  url: `http://${name}.test`,
  limits: { requestsPerSecond: 1_000 },
  fetch: (async (_url: unknown, { body }: { body: string }) => {
    const asked = JSON.parse(body) as
      | { id: number; method: string; params: [{ data: string }] }
      | { id: number; method: string; params: [{ data: string }] }[]
    const { implementation = KNOWN, config = CONFIG, coreState = CORE_STATE, proof = null, hash } = answers
    const resultOf = (method: string, [first]: [{ data: string }]) => {
      if (method === 'eth_getProof') return proof
      if (method === 'eth_getBlockByNumber') return hash === undefined ? null : { hash }
      if (method === 'eth_getStorageAt') return wordOf(implementation)
      return first.data === '0xc3f909d4' ? config : coreState
    }
    const reply = ({ id, method, params }: { id: number; method: string; params: [{ data: string }] }) => ({
      ...{ jsonrpc: '2.0', id, result: resultOf(method, params) },
    })
    return Response.json(Array.isArray(asked) ? asked.map(reply) : reply(asked))
  }) as never,
})

const check = (servers: ReturnType<typeof server>[], header: L1Header) =>
  assertInbox({
    spec: taikoMainnet,
    provider: createL1Provider({ endpoints: servers, pauseScale: 0.001 }),
    reader: { headerByTag: async () => header, headersByNumber: async () => [header] },
    log: silentLogger,
  })

test('an implementation that all name, and prove, is the one; an unknown one stops', async () => {
  const known = await running(KNOWN)
  await check([server('a', { proof: known.proof }), server('b', {})], known.header)
  const unknown = await running(UNKNOWN)
  const both = ['a', 'b'].map((name) => server(name, { proof: unknown.proof, implementation: UNKNOWN }))
  await expect(check(both, unknown.header)).rejects.toThrow('whose rules this version does not know')
})

test('a header that one server made up, with a proof under it, stops nobody whom another one contradicts', async () => {
  const forged = await running(UNKNOWN)
  const { hash } = forged.header
  const liar = server('liar', { proof: forged.proof, implementation: UNKNOWN, hash })
  await check([liar, server('honest', { hash: ZERO_HASH })], forged.header)
  await expect(check([liar, server('silent', { implementation: UNKNOWN })], forged.header)).rejects.toThrow(
    `runs ${UNKNOWN}`,
  )
})

test('numbers that do not fit their fields are a problem of the server that says them', async () => {
  const { header, proof } = await running(KNOWN)
  const liar = server('liar', {
    proof,
    config: `0x${'ff'.repeat(17 * 32)}`,
    coreState: `0x${'ff'.repeat(6 * 32)}`,
  })
  await check([liar, server('honest', {})], header)
  await expect(check([liar], header)).rejects.toThrow('answers getConfig() with')
})

test('a proven account or slot that is no RLP demotes its server, and the next one is asked', async () => {
  const junk = Uint8Array.of(0xb8)
  for (const forged of [await stateWith(() => junk, junk), await stateWith(accountWith, junk)]) {
    const provider = createL1Provider({
      endpoints: [server('liar', { proof: forged.proof }), server('other', {})],
      pauseScale: 0.001,
    })
    const input = { at: forged.header, address: inbox, slots: [SLOT] }
    expect(await readStorage(provider, input)).toBeNull()
    expect(provider.status()[0]).toMatchObject({ name: 'liar', demotions: 1 })
  }
})
